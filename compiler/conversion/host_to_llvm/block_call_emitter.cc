// Calls of blocks. The weights that a block gets lie in consecutive slots, so that a call passes
// one pointer for all of them, and a run of equal layers becomes a loop: code does not grow with a
// model's depth.
#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {

using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;

namespace {

constexpr int64_t kSlotBytes = sizeof(void*);

bool samePlace(const Place& a, const Place& b) { return a.kind == b.kind && a.index == b.index; }

bool isWeight(Value value) { return value.getDefiningOp<graph::WeightOp>() != nullptr; }

// The call behind this one, if nothing but weights is between the two.
CallOp nextCall(CallOp call) {
  mlir::Operation* op = call->getNextNode();
  while (op && mlir::isa<graph::WeightOp>(op)) op = op->getNextNode();
  return mlir::dyn_cast_or_null<CallOp>(op);
}

}  // namespace

llvm::BitVector parameterArguments(FuncOp block, mlir::ModuleOp program) {
  llvm::BitVector parameters(block.getNumArguments(), block.getName() != "main");
  program.walk([&](CallOp call) {
    if (call.getCallee() != block.getName()) return;
    for (auto [i, operand] : llvm::enumerate(call.getOperands())) {
      if (!isWeight(operand)) parameters.reset(i);
    }
  });
  return parameters;
}

int FunctionEmitter::parametersOf(CallOp call) {
  llvm::SmallVector<graph::WeightOp> weights;
  const FuncOp callee = program_.graph.lookupSymbol<FuncOp>(call.getCallee());
  const llvm::BitVector parameters = parameterArguments(callee, program_.graph);
  for (int i : parameters.set_bits()) {
    weights.push_back(call.getOperand(i).getDefiningOp<graph::WeightOp>());
  }
  return program_.weights.groupOf(weights);
}

llvm::SmallVector<Value> FunctionEmitter::activations(CallOp call) {
  const FuncOp callee = program_.graph.lookupSymbol<FuncOp>(call.getCallee());
  const llvm::BitVector parameters = parameterArguments(callee, program_.graph);
  llvm::SmallVector<Value> values;
  for (auto [i, operand] : llvm::enumerate(call.getOperands())) {
    if (!parameters.test(i)) values.push_back(operand);
  }
  return values;
}

// A block begins and ends with nothing pending; its frame lies behind the caller's.
void FunctionEmitter::callBlock(CallOp call, Value firstSlot, llvm::ArrayRef<Value> operands,
                                llvm::ArrayRef<Value> results) {
  Value parameters = abi_.advance(weights_, firstSlot);
  llvm::SmallVector<Value> arguments{
      thread_, index_, count_, weights_, parameters, abi_.advance(arena_, bytes(plan_.bytes))};
  for (const std::string& symbol : program_.symbols) arguments.push_back(symbols_.lookup(symbol));
  arguments.append(operands.begin(), operands.end());
  arguments.append(results.begin(), results.end());
  CallOp::create(builder_, loc_, declare(("host_" + call.getCallee()).str(), arguments), arguments);
}

void FunctionEmitter::emitBlockCall(CallOp call) {
  if (hazards_.pending()) barrier();
  llvm::SmallVector<Value> operands, results;
  for (Value operand : activations(call)) operands.push_back(pointer(operand));
  for (Value result : call.getResults()) results.push_back(pointer(result));
  callBlock(call, abi_.i64(parametersOf(call) * kSlotBytes), operands, results);
  if (llvm::SmallVector<CallOp> run = runBehind(call); run.size() > 1) emitRun(call, run);
}

// The calls behind `first` that differ from it in nothing but this: each gets the result of the one
// before where the next one does, and weights in the slots behind; results are in two places by
// turns.
llvm::SmallVector<CallOp> FunctionEmitter::runBehind(CallOp first) {
  llvm::SmallVector<CallOp> run;
  if (first.getNumResults() != 1) return run;
  auto place = [&](CallOp call) { return plan_.places.lookup(storageOf(call.getResult(0))); };
  llvm::BitVector carried;
  CallOp last = first, beforeLast;
  for (CallOp next = nextCall(first); next && next.getCallee() == first.getCallee();
       next = nextCall(next)) {
    const llvm::SmallVector<Value> operands = activations(next), firstOperands = activations(first);
    llvm::BitVector fromLast(operands.size());
    for (auto [i, operand] : llvm::enumerate(operands)) {
      if (operand == last.getResult(0)) {
        fromLast.set(i);
      } else if (operand != firstOperands[i]) {
        return run;
      }
    }
    const int slots = static_cast<int>(next.getNumOperands() - operands.size());
    if (fromLast.none() || parametersOf(next) != parametersOf(last) + slots) return run;
    if (!run.empty() && (fromLast != carried || !samePlace(place(next), place(beforeLast))))
      return run;
    carried = fromLast;
    run.push_back(next);
    beforeLast = std::exchange(last, next);
  }
  return run;
}

// `first` is emitted already.
void FunctionEmitter::emitRun(CallOp first, llvm::ArrayRef<CallOp> run) {
  CallOp second = run.front();
  const int64_t stride =
      static_cast<int64_t>(second.getNumOperands() - activations(second).size()) * kSlotBytes;
  auto index = [&](int64_t value) -> Value {
    return mlir::arith::ConstantIndexOp::create(builder_, loc_, value);
  };
  auto loop = mlir::scf::ForOp::create(
      builder_, loc_, index(0), index(static_cast<int64_t>(run.size())), index(1),
      mlir::ValueRange{pointer(first.getResult(0)), pointer(second.getResult(0)),
                       abi_.i64(parametersOf(second) * kSlotBytes)});
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(loop.getBody());
  Value in = loop.getRegionIterArg(0), out = loop.getRegionIterArg(1),
        firstSlot = loop.getRegionIterArg(2);
  llvm::SmallVector<Value> operands;
  for (Value operand : activations(second))
    operands.push_back(operand == first.getResult(0) ? in : pointer(operand));
  callBlock(second, firstSlot, operands, out);
  Value next = mlir::arith::AddIOp::create(builder_, loc_, firstSlot, abi_.i64(stride));
  mlir::scf::YieldOp::create(builder_, loc_, mlir::ValueRange{out, in, next});
  for (CallOp call : run) inRun_.insert(call);
}

}  // namespace mlc::conversion
