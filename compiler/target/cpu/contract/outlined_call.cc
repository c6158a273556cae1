#include "compiler/target/cpu/contract/outlined_call.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

// Arguments: the symbols, the buffers of the views, the indices.
mlir::func::FuncOp makeFunction(KernelBuilder& caller, llvm::StringRef name,
                                llvm::ArrayRef<Value> views, size_t numIndices, OutlinedBody body) {
  mlir::OpBuilder& outer = caller.builder();
  mlir::Type index = outer.getIndexType();
  const std::vector<std::string> symbols = caller.symbols();
  llvm::SmallVector<mlir::Type> types(symbols.size(), index);
  for (Value view : views) types.push_back(KernelBuilder::pointerType(view));
  types.append(numIndices, index);

  mlir::OpBuilder::InsertionGuard guard(outer);
  outer.setInsertionPoint(caller.function());
  auto function =
      mlir::func::FuncOp::create(outer, caller.loc(), name, outer.getFunctionType(types, {}));
  function.setPrivate();
  function->setAttr("passthrough", outer.getStrArrayAttr({"noinline"}));
  auto inner = mlir::OpBuilder::atBlockBegin(function.addEntryBlock());
  llvm::StringMap<Value> values;
  for (size_t i = 0; i < symbols.size(); ++i) values[symbols[i]] = function.getArgument(i);
  KernelBuilder k(inner, caller.loc(), std::move(values));
  auto arguments = function.getArguments().drop_front(symbols.size());
  llvm::SmallVector<Value> innerViews;
  for (Value buffer : arguments.take_front(views.size())) innerViews.push_back(k.flatView(buffer));
  body(k, innerViews, llvm::SmallVector<Value>(arguments.drop_front(views.size())));
  mlir::func::ReturnOp::create(inner, k.loc());
  return function;
}

}  // namespace

void callOutlined(KernelBuilder& caller, llvm::StringRef name, llvm::ArrayRef<Value> views,
                  llvm::ArrayRef<Value> indices, OutlinedBody body) {
  auto module = caller.function()->getParentOfType<mlir::ModuleOp>();
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  if (!function) function = makeFunction(caller, name, views, indices.size(), body);
  llvm::SmallVector<Value> arguments;
  for (const std::string& symbol : caller.symbols()) {
    arguments.push_back(caller.dim(DimExpr::symbol(symbol)));
  }
  for (Value view : views) arguments.push_back(caller.pointer(view));
  arguments.append(indices.begin(), indices.end());
  mlir::func::CallOp::create(caller.builder(), caller.loc(), function, arguments);
}

}  // namespace mlc::cpu
