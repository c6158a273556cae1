// Calls of blocks. The weights that a block gets lie in consecutive slots, and so do its states, so
// that a call passes one pointer for all of them, and a run of equal layers becomes a loop: code
// does not grow with a model's depth.
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

// The call behind this one, if nothing but weights and states is between the two.
CallOp nextCall(CallOp call) {
  mlir::Operation* op = call->getNextNode();
  while (op && op->hasTrait<graph::StoredLeaf>()) op = op->getNextNode();
  return mlir::dyn_cast_or_null<CallOp>(op);
}

// The arguments of a block that the op makes in every call of it.
template <typename Leaf>
llvm::BitVector argumentsMadeBy(FuncOp block, mlir::ModuleOp program) {
  llvm::BitVector arguments(block.getNumArguments(), block.getName() != "main");
  program.walk([&](CallOp call) {
    if (call.getCallee() != block.getName()) return;
    for (auto [i, operand] : llvm::enumerate(call.getOperands())) {
      if (!operand.getDefiningOp<Leaf>()) arguments.reset(i);
    }
  });
  return arguments;
}

template <typename Leaf>
llvm::SmallVector<Leaf> leavesOf(CallOp call, const llvm::BitVector& arguments) {
  llvm::SmallVector<Leaf> leaves;
  for (int i : arguments.set_bits()) leaves.push_back(call.getOperand(i).getDefiningOp<Leaf>());
  return leaves;
}

}  // namespace

llvm::BitVector parameterArguments(FuncOp block, mlir::ModuleOp program) {
  return argumentsMadeBy<graph::WeightOp>(block, program);
}

llvm::BitVector stateArguments(FuncOp block, mlir::ModuleOp program) {
  return argumentsMadeBy<graph::StateOp>(block, program);
}

int FunctionEmitter::parametersOf(CallOp call) {
  const FuncOp callee = program_.graph.lookupSymbol<FuncOp>(call.getCallee());
  return program_.weights.groupOf(
      leavesOf<graph::WeightOp>(call, parameterArguments(callee, program_.graph)));
}

int FunctionEmitter::statesOf(CallOp call) {
  const FuncOp callee = program_.graph.lookupSymbol<FuncOp>(call.getCallee());
  return program_.states.groupOf(
      leavesOf<graph::StateOp>(call, stateArguments(callee, program_.graph)));
}

llvm::SmallVector<Value> FunctionEmitter::activations(CallOp call) {
  const FuncOp callee = program_.graph.lookupSymbol<FuncOp>(call.getCallee());
  llvm::BitVector inSlots = parameterArguments(callee, program_.graph);
  inSlots |= stateArguments(callee, program_.graph);
  llvm::SmallVector<Value> values;
  for (auto [i, operand] : llvm::enumerate(call.getOperands())) {
    if (!inSlots.test(i)) values.push_back(operand);
  }
  return values;
}

// A block begins and ends with nothing pending; its frame lies behind the caller's.
void FunctionEmitter::callBlock(CallOp call, Value firstSlot, Value firstState,
                                llvm::ArrayRef<Value> operands, llvm::ArrayRef<Value> results) {
  Value parameters = abi_.advance(weights_, firstSlot);
  Value states = abi_.advance(states_, firstState);
  llvm::SmallVector<Value> arguments{thread_,
                                     index_,
                                     count_,
                                     weights_,
                                     parameters,
                                     states,
                                     abi_.advance(arena_, bytes(plan_.bytes))};
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
  callBlock(call, abi_.i64(parametersOf(call) * kSlotBytes), abi_.i64(statesOf(call) * kSlotBytes),
            operands, results);
  if (llvm::SmallVector<CallOp> run = runBehind(call); run.size() > 1) emitRun(call, run);
}

// The calls behind `first` that differ from it in nothing but this: each gets the result of the one
// before where the next one does, and weights and states in the slots behind; results are in two
// places by turns.
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
    const FuncOp callee = program_.graph.lookupSymbol<FuncOp>(next.getCallee());
    const auto states = static_cast<int>(stateArguments(callee, program_.graph).count());
    const int slots = static_cast<int>(next.getNumOperands() - operands.size()) - states;
    if (fromLast.none() || parametersOf(next) != parametersOf(last) + slots ||
        statesOf(next) != statesOf(last) + states)
      return run;
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
  const FuncOp callee = program_.graph.lookupSymbol<FuncOp>(second.getCallee());
  const auto weights = static_cast<int64_t>(parameterArguments(callee, program_.graph).count());
  const auto states = static_cast<int64_t>(stateArguments(callee, program_.graph).count());
  auto index = [&](int64_t value) -> Value {
    return mlir::arith::ConstantIndexOp::create(builder_, loc_, value);
  };
  auto loop = mlir::scf::ForOp::create(
      builder_, loc_, index(0), index(static_cast<int64_t>(run.size())), index(1),
      mlir::ValueRange{pointer(first.getResult(0)), pointer(second.getResult(0)),
                       abi_.i64(parametersOf(second) * kSlotBytes),
                       abi_.i64(statesOf(second) * kSlotBytes)});
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(loop.getBody());
  Value in = loop.getRegionIterArg(0), out = loop.getRegionIterArg(1),
        firstSlot = loop.getRegionIterArg(2), firstState = loop.getRegionIterArg(3);
  llvm::SmallVector<Value> operands;
  for (Value operand : activations(second))
    operands.push_back(operand == first.getResult(0) ? in : pointer(operand));
  callBlock(second, firstSlot, firstState, operands, out);
  auto behind = [&](Value slot, int64_t count) -> Value {
    return mlir::arith::AddIOp::create(builder_, loc_, slot, abi_.i64(count * kSlotBytes));
  };
  mlir::scf::YieldOp::create(
      builder_, loc_,
      mlir::ValueRange{out, in, behind(firstSlot, weights), behind(firstState, states)});
  for (CallOp call : run) inRun_.insert(call);
}

}  // namespace mlc::conversion
