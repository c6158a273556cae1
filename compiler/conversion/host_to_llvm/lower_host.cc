#include "compiler/conversion/host_to_llvm/lower_host.h"

#include <algorithm>
#include <map>

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "llvm/ADT/StringSet.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlc::conversion {
namespace {

namespace LLVM = mlir::LLVM;
using mlir::Value;
using mlir::func::FuncOp;

// Frames of @main and the blocks that it calls, callees first.
class Frames {
 public:
  Frames(mlir::ModuleOp program, const llvm::StringMap<KernelInfo>& kernels)
      : program_(program), kernels_(kernels) {}

  void plan(FuncOp function) {
    if (plans_.count(function.getName().str())) return;
    DimExpr callees = 0;
    llvm::StringSet<> seen;
    function.walk([&](mlir::func::CallOp call) {
      if (!seen.insert(call.getCallee()).second) return;
      auto callee = program_.lookupSymbol<FuncOp>(call.getCallee());
      if (attr::isKernel(callee)) return;
      plan(callee);
      callees = max(callees, total_.at(callee.getName().str()));
    });
    const std::string name = function.getName().str();
    FramePlan frame = planMemory(function, [&](mlir::Operation* op) { return scratch(op); });
    total_[name] = frame.bytes + callees;
    plans_[name] = std::move(frame);
    order_.push_back(function);
  }

  const std::vector<FuncOp>& order() const { return order_; }
  const FramePlan& of(FuncOp function) const { return plans_.at(function.getName().str()); }
  const DimExpr& total(FuncOp function) const { return total_.at(function.getName().str()); }

 private:
  DimExpr scratch(mlir::Operation* op) const {
    auto call = mlir::dyn_cast<mlir::func::CallOp>(op);
    auto it = call ? kernels_.find(call.getCallee()) : kernels_.end();
    if (it == kernels_.end() || it->second.scratchBytes == DimExpr(0)) return 0;
    return it->second.scratchBytes * DimExpr::symbol(kThreadsSymbol);
  }

  mlir::ModuleOp program_;
  const llvm::StringMap<KernelInfo>& kernels_;
  std::map<std::string, FramePlan> plans_;
  std::map<std::string, DimExpr> total_;
  std::vector<FuncOp> order_;
};

// Symbol values loaded from the array that the runtime passes.
llvm::SmallVector<Value> loadSymbols(mlir::OpBuilder& builder, mlir::Location loc, Value array,
                                     size_t count) {
  AbiBuilder abi(builder, loc);
  llvm::SmallVector<Value> values;
  for (size_t i = 0; i < count; ++i) {
    Value value = abi.loadAt(array, i * sizeof(int64_t), builder.getI64Type());
    values.push_back(mlir::arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value));
  }
  return values;
}

void emitAbiVersion(mlir::OpBuilder& builder, mlir::Location loc) {
  LLVM::GlobalOp::create(builder, loc, builder.getI32Type(), /*isConstant=*/true,
                         LLVM::Linkage::External, "mlc_program_abi_version",
                         builder.getI32IntegerAttr(MLC_ABI_VERSION));
}

void emitArenaBytes(mlir::OpBuilder& builder, mlir::Location loc,
                    const std::vector<std::string>& symbols, const DimExpr& bytes) {
  mlir::OpBuilder::InsertionGuard guard(builder);
  mlir::Type ptr = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  auto function = FuncOp::create(builder, loc, "mlc_program_arena_bytes",
                                 builder.getFunctionType({ptr, i64}, {i64}));
  mlir::Block* body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  llvm::StringMap<Value> values;
  for (auto [name, value] :
       llvm::zip(symbols, loadSymbols(builder, loc, body->getArgument(0), symbols.size()))) {
    values[name] = value;
  }
  values[kThreadsSymbol] =
      mlir::arith::IndexCastOp::create(builder, loc, builder.getIndexType(), body->getArgument(1));
  Value total = dimToIndex(builder, loc, bytes, values);
  Value result = mlir::arith::IndexCastOp::create(builder, loc, i64, total);
  // Half of what 64 bits count, so that rounding does not matter.
  Value most = mlir::arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(0x1p62));
  Value counts = mlir::arith::CmpFOp::create(builder, loc, mlir::arith::CmpFPredicate::OLE,
                                             dimToF64(builder, loc, bytes, values), most);
  Value none = mlir::arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(-1));
  mlir::func::ReturnOp::create(
      builder, loc, Value(mlir::arith::SelectOp::create(builder, loc, counts, result, none)));
}

void emitRun(mlir::OpBuilder& builder, FuncOp main, FuncOp hostMain, size_t symbols) {
  mlir::OpBuilder::InsertionGuard guard(builder);
  mlir::Location loc = main.getLoc();
  mlir::Type ptr = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  auto function =
      FuncOp::create(builder, loc, "mlc_program_run", builder.getFunctionType({ptr, ptr}, {}));
  mlir::Block* body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  AbiBuilder abi(builder, loc);
  Value thread = body->getArgument(0), invocation = body->getArgument(1);
  auto toIndex = [&](Value value) -> Value {
    return mlir::arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value);
  };
  Value weights = abi.loadAt(invocation, offsetof(MlcInvocation, weights), ptr);
  llvm::SmallVector<Value> arguments{thread,
                                     toIndex(abi.loadAt(thread, offsetof(MlcThread, index), i64)),
                                     toIndex(abi.loadAt(thread, offsetof(MlcThread, count), i64)),
                                     weights,
                                     /*parameters, of which @main has none:*/ weights,
                                     abi.loadAt(invocation, offsetof(MlcInvocation, states), ptr),
                                     abi.loadAt(invocation, offsetof(MlcInvocation, arena), ptr)};
  Value symbolArray = abi.loadAt(invocation, offsetof(MlcInvocation, symbols), ptr);
  arguments.append(loadSymbols(builder, loc, symbolArray, symbols));
  Value inputs = abi.loadAt(invocation, offsetof(MlcInvocation, inputs), ptr);
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    arguments.push_back(abi.loadAt(inputs, i * sizeof(void*), ptr));
  }
  Value outputs = abi.loadAt(invocation, offsetof(MlcInvocation, outputs), ptr);
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    arguments.push_back(abi.loadAt(outputs, i * sizeof(void*), ptr));
  }
  mlir::func::CallOp::create(builder, loc, hostMain, arguments);
  mlir::func::ReturnOp::create(builder, loc);
}

}  // namespace

mlir::FailureOr<HostProgram> lowerHost(mlir::ModuleOp program,
                                       const llvm::StringMap<KernelInfo>& kernels, Memory memory) {
  mlir::MLIRContext* context = program.getContext();
  context->loadDialect<LLVM::LLVMDialect, mlir::arith::ArithDialect, mlir::scf::SCFDialect>();
  auto main = program.lookupSymbol<FuncOp>("main");
  Frames frames(program, kernels);
  frames.plan(main);

  HostProgram result;
  result.module = mlir::ModuleOp::create(program.getLoc());
  const std::set<std::string> computed = graph::computedSymbols(program);
  for (const std::string& symbol : symbolsOf(program)) {
    if (!computed.contains(symbol)) result.symbols.push_back(symbol);
  }
  result.arenaBytes = frames.total(main);
  WeightSlots weights;
  StateSlots states;
  ProgramContext shared{program, *result.module, kernels, result.symbols, weights, states, memory};
  for (FuncOp function : frames.order()) {
    if (mlir::failed(FunctionEmitter(shared, function, frames.of(function)).emit())) {
      return mlir::failure();
    }
  }
  for (const WeightUse& use : weights.all()) {
    result.weights.push_back(use);
    result.contents.weights.push_back(use.content);
  }
  for (const StateUse& use : states.all()) {
    result.states.push_back(use);
    result.contents.lengths.push_back(use.next);
  }

  mlir::OpBuilder builder(context);
  builder.setInsertionPointToEnd(result.module->getBody());
  emitAbiVersion(builder, main.getLoc());
  emitArenaBytes(builder, main.getLoc(), result.symbols, result.arenaBytes);
  emitRun(builder, main, result.module->lookupSymbol<FuncOp>("host_main"), result.symbols.size());
  return result;
}

}  // namespace mlc::conversion
