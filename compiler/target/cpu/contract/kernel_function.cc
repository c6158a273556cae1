#include "compiler/target/cpu/contract/kernel_function.h"

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlc::cpu {

namespace memref = mlir::memref;
using mlir::Value;

namespace {

mlir::Type storageOf(mlir::Type tensor) {
  return conversion::storageType(mlir::cast<mlir::RankedTensorType>(tensor).getElementType());
}

}  // namespace

Value tasksFor(KernelBuilder& k, Value threads) {
  Value one = k.index(1);
  Value alone = k.equal(threads, one);
  return mlir::arith::SelectOp::create(k.builder(), k.loc(), alone, one,
                                       k.mul(threads, k.index(2)));
}

KernelFunction::KernelFunction(mlir::func::FuncOp kernel, const DimExpr& scratchBytes,
                               mlir::OpBuilder& intoModule)
    : kernel_(kernel), intoModule_(intoModule), body_(intoModule.getContext()) {
  const std::vector<std::string> symbols = conversion::symbolsOf(kernel);
  llvm::SmallVector<mlir::Type> types(2 + symbols.size(), intoModule.getIndexType());
  firstBuffer_ = types.size();
  for (mlir::Type type : kernel.getArgumentTypes()) {
    types.push_back(mlir::MemRefType::get({}, storageOf(type)));
  }
  for (mlir::Type type : kernel.getResultTypes()) {
    types.push_back(mlir::MemRefType::get({}, storageOf(type)));
  }
  hasScratch_ = !(scratchBytes == DimExpr(0));
  if (hasScratch_) types.push_back(mlir::MemRefType::get({}, intoModule.getI8Type()));

  function_ = mlir::func::FuncOp::create(intoModule, kernel.getLoc(), kernel.getName(),
                                         intoModule.getFunctionType(types, {}));
  // What is worth vectorizing already is: LLVM need not try (nor unroll) the loops around the
  // micro-kernels.
  function_->setAttr("passthrough", intoModule.getStrArrayAttr({"optsize"}));
  if (hasScratch_) attr::setScratchBytes(function_, scratchBytes);
  body_.setInsertionPointToStart(function_.addEntryBlock());
  llvm::StringMap<Value> values;
  for (size_t i = 0; i < symbols.size(); ++i) values[symbols[i]] = function_.getArgument(2 + i);
  code_.emplace(body_, kernel.getLoc(), std::move(values));
}

Value KernelFunction::view(Value tensor) {
  Value& view = views_[tensor];
  if (view) return view;
  if (auto argument = mlir::dyn_cast<mlir::BlockArgument>(tensor)) {
    view = code_->flatView(function_.getArgument(firstBuffer_ + argument.getArgNumber()));
  } else {
    view = constantView(tensor);
  }
  return view;
}

Value KernelFunction::constantView(Value tensor) {
  auto constant = tensor.getDefiningOp<graph::ConstantOp>();
  auto elements =
      conversion::storedElements(mlir::cast<mlir::DenseElementsAttr>(constant.getValue()));
  auto type = mlir::MemRefType::get(elements.getType().getShape(), elements.getElementType());
  const std::string name = (kernel_.getName() + "_constant_" + llvm::Twine(views_.size())).str();
  mlir::OpBuilder::InsertionGuard guard(intoModule_);
  intoModule_.setInsertionPoint(function_);
  memref::GlobalOp::create(intoModule_, kernel_.getLoc(), name,
                           intoModule_.getStringAttr("private"), type, elements,
                           /*constant=*/true, intoModule_.getI64IntegerAttr(64));
  Value global = memref::GetGlobalOp::create(body_, kernel_.getLoc(), type, name);
  return code_->flatView(global);
}

Value KernelFunction::outView() {
  return code_->flatView(function_.getArgument(firstBuffer_ + kernel_.getNumArguments()));
}

Value KernelFunction::scratch() {
  if (!hasScratch_) return {};
  return code_->flatView(function_.getArgument(function_.getNumArguments() - 1));
}

void KernelFunction::finish() { mlir::func::ReturnOp::create(body_, kernel_.getLoc()); }

}  // namespace mlc::cpu
