#include "compiler/conversion/host_to_llvm/function_emitter.h"

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {

namespace LLVM = mlir::LLVM;
using mlir::Operation;
using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;

FunctionEmitter::FunctionEmitter(ProgramContext& program, FuncOp function, const FramePlan& plan)
    : program_(program),
      function_(function),
      plan_(plan),
      computed_(graph::computedSymbols(function)),
      builder_(program.host.getContext()),
      loc_(function.getLoc()),
      abi_(builder_, loc_) {}

mlir::LogicalResult FunctionEmitter::emit() {
  mlir::Type ptr = abi_.ptr(), index = builder_.getIndexType();
  const size_t inSlots = parameterArguments(function_, program_.graph).count() +
                         stateArguments(function_, program_.graph).count();
  llvm::SmallVector<mlir::Type> types{ptr, index, index, ptr, ptr, ptr, ptr};
  types.append(program_.symbols.size(), index);
  types.append(function_.getNumArguments() - inSlots + function_.getNumResults(), ptr);
  builder_.setInsertionPointToEnd(program_.host.getBody());
  emitted_ = FuncOp::create(builder_, loc_, ("host_" + function_.getName()).str(),
                            builder_.getFunctionType(types, {}));
  emitted_.setPrivate();
  mlir::Block* body = emitted_.addEntryBlock();
  builder_.setInsertionPointToStart(body);
  auto arguments = body->getArguments();
  thread_ = arguments[0];
  index_ = arguments[1];
  count_ = arguments[2];
  weights_ = arguments[3];
  parameters_ = arguments[4];
  states_ = arguments[5];
  arena_ = arguments[6];
  for (auto [i, name] : llvm::enumerate(program_.symbols)) symbols_[name] = arguments[7 + i];
  symbols_[kThreadsSymbol] = count_;
  preparePointers();
  if (mlir::failed(emitBlock(function_.getBody().front()))) return mlir::failure();
  mlir::func::ReturnOp::create(builder_, loc_);
  return mlir::success();
}

// Whether a weight or state is only passed to blocks, by its slot.
bool FunctionEmitter::isPassedOnly(Operation* leaf) {
  return llvm::all_of(leaf->getUses(), [&](mlir::OpOperand& use) {
    auto call = mlir::dyn_cast<CallOp>(use.getOwner());
    if (!call) return false;
    auto callee = program_.graph.lookupSymbol<FuncOp>(call.getCallee());
    return !attr::isKernel(callee) &&
           (parameterArguments(callee, program_.graph).test(use.getOperandNumber()) ||
            stateArguments(callee, program_.graph).test(use.getOperandNumber()));
  });
}

// The address of every place, once, at the function's entry.
void FunctionEmitter::preparePointers() {
  auto passed =
      builder_.getInsertionBlock()->getArguments().drop_front(7 + program_.symbols.size());
  const llvm::BitVector parameters = parameterArguments(function_, program_.graph);
  const llvm::BitVector states = stateArguments(function_, program_.graph);
  llvm::SmallVector<Value> arguments;
  size_t slot = 0, state = 0;
  for (unsigned i = 0; i < function_.getNumArguments(); ++i) {
    if (parameters.test(i)) {
      arguments.push_back(abi_.loadAt(parameters_, sizeof(void*) * slot++, abi_.ptr()));
    } else if (states.test(i)) {
      arguments.push_back(abi_.loadAt(states_, sizeof(void*) * state++, abi_.ptr()));
    } else {
      arguments.push_back(passed.front());
      passed = passed.drop_front();
    }
  }
  auto address = [&](const Place& place) -> Value {
    switch (place.kind) {
      case Place::Kind::kArgument:
        return arguments[place.index];
      case Place::Kind::kResult:
        return passed[place.index];
      case Place::Kind::kArena:
        return abi_.advance(arena_, bytes(place.offset));
      case Place::Kind::kSegment:
      case Place::Kind::kOwn:
        return {};  // when the size is known
      case Place::Kind::kState:
        return {};  // by its op, below
    }
    llvm_unreachable("kind of place");
  };
  auto prepare = [&](Value value) {
    auto it = plan_.places.find(value);
    if (it == plan_.places.end()) return;
    if (Value known = address(it->second)) pointers_[value] = known;
  };
  for (Value argument : function_.getArguments()) prepare(argument);
  function_.walk<mlir::WalkOrder::PreOrder>([&](Operation* op) {
    if (op == function_.getOperation()) return;
    for (Value result : op->getResults()) prepare(result);
    for (mlir::Region& region : op->getRegions()) {
      for (Value argument : region.getArguments()) prepare(argument);
    }
    auto it = plan_.scratch.find(op);
    if (it != plan_.scratch.end()) {
      if (Value known = address(it->second)) scratch_[op] = known;
    }
    auto weight = mlir::dyn_cast<graph::WeightOp>(op);
    if (weight && !isPassedOnly(weight)) {
      pointers_[weight.getResult()] =
          abi_.loadAt(weights_, sizeof(void*) * program_.weights.slotOf(weight), abi_.ptr());
    }
    auto state = mlir::dyn_cast<graph::StateOp>(op);
    if (state && !isPassedOnly(state)) {
      pointers_[state.getResult()] =
          abi_.loadAt(states_, sizeof(void*) * program_.states.slotOf(state), abi_.ptr());
    }
  });
}

Value FunctionEmitter::pointer(Value tensor) { return pointers_.lookup(storageOf(tensor)); }

Value FunctionEmitter::bytes(const DimExpr& expr) {
  Value index = dimToIndex(builder_, loc_, expr, symbols_);
  return mlir::arith::IndexCastOp::create(builder_, loc_, builder_.getI64Type(), index);
}

void FunctionEmitter::barrier() {
  if (onDevice()) return;
  meet();
  hazards_.clear();
}

void FunctionEmitter::meet() {
  if (!meets_) return abi_.barrier(thread_);
  auto branch = mlir::scf::IfOp::create(builder_, loc_, meets_, /*withElseRegion=*/false);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(branch.thenBlock());
  abi_.barrier(thread_);
}

void FunctionEmitter::access(llvm::ArrayRef<Value> reads, llvm::ArrayRef<Value> writes,
                             Operation* scratchOf) {
  if (onDevice()) return;
  auto ids = [&](llvm::ArrayRef<Value> values) {
    std::vector<BufferId> result;
    for (Value value : values) {
      auto it = plan_.places.find(storageOf(value));
      if (it != plan_.places.end()) result.push_back(bufferId(it->second));
    }
    return result;
  };
  std::vector<BufferId> written = ids(writes);
  auto scratch = plan_.scratch.find(scratchOf);
  if (scratch != plan_.scratch.end()) written.push_back(bufferId(scratch->second));
  if (hazards_.needsBarrier(ids(reads), written)) meet();
}

void FunctionEmitter::onThreadZero(llvm::function_ref<void()> emit) {
  if (onDevice()) return emit();
  Value zero = mlir::arith::ConstantIndexOp::create(builder_, loc_, 0);
  Value first =
      mlir::arith::CmpIOp::create(builder_, loc_, mlir::arith::CmpIPredicate::eq, index_, zero);
  auto branch = mlir::scf::IfOp::create(builder_, loc_, first, /*withElseRegion=*/false);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(branch.thenBlock());
  emit();
}

void FunctionEmitter::copy(Value destination, Value source, const DimExpr& count) {
  copyBytes(destination, source, bytes(count));
}

void FunctionEmitter::copyBytes(Value destination, Value source, Value count) {
  if (onDevice()) {
    abi_.callRuntime(thread_, offsetof(MlcRuntime, copy),
                     {destination, source, count, abi_.i32(MLC_WITHIN_DEVICE)});
    return;
  }
  onThreadZero([&] {
    LLVM::MemcpyOp::create(builder_, loc_, destination, source, count, /*isVolatile=*/false);
  });
}

void FunctionEmitter::copyTensor(Value to, Value from) {
  if (storageOf(to) == storageOf(from)) return;
  access({from}, {to});
  copy(pointer(to), pointer(from), tensorBytes(from.getType()));
}

mlir::LogicalResult FunctionEmitter::emitBlock(mlir::Block& block) {
  const mlir::OpBuilder::InsertionGuard guard(builder_);
  for (Operation& op : block) {
    loc_ = op.getLoc();
    if (inRun_.contains(&op)) continue;
    if (mlir::failed(emitOp(&op))) return mlir::failure();
    auto check = mlir::dyn_cast<graph::FailIfOp>(op);
    if (check && check.getStops() && block.getParentOp() == function_) skipRestIf(check);
  }
  return mlir::success();
}

mlir::LogicalResult FunctionEmitter::emitOp(Operation* op) {
  if (op->hasTrait<graph::StoredLeaf>() || op->hasTrait<graph::View>() ||
      mlir::isa<graph::YieldOp>(op))
    return mlir::success();
  if (auto call = mlir::dyn_cast<CallOp>(op)) {
    auto callee = program_.graph.lookupSymbol<FuncOp>(call.getCallee());
    if (attr::isKernel(callee)) {
      emitKernelCall(call, callee);
    } else {
      emitBlockCall(call);
    }
    return mlir::success();
  }
  if (auto size = mlir::dyn_cast<graph::DefineSizeOp>(op)) {
    emitDefineSize(size);
    return mlir::success();
  }
  if (auto call = mlir::dyn_cast<graph::LibraryCall>(op)) {
    emitLibraryCall(call);
    return mlir::success();
  }
  if (auto branch = mlir::dyn_cast<graph::IfOp>(op)) return emitIf(branch);
  if (auto loop = mlir::dyn_cast<graph::LoopOp>(op)) return emitLoop(loop);
  if (auto check = mlir::dyn_cast<graph::FailIfOp>(op)) {
    emitFailIf(check);
  } else if (auto reduce = mlir::dyn_cast<dist::AllReduceOp>(op)) {
    emitAllReduce(reduce);
  } else if (auto gather = mlir::dyn_cast<dist::AllGatherOp>(op)) {
    emitAllGather(gather);
  } else if (auto scatter = mlir::dyn_cast<dist::ReduceScatterOp>(op)) {
    emitReduceScatter(scatter);
  } else if (auto append = mlir::dyn_cast<graph::AppendOp>(op)) {
    emitAppend(append);
  } else if (auto end = mlir::dyn_cast<mlir::func::ReturnOp>(op)) {
    emitReturn(end);
  } else {
    return op->emitError("has no lowering on the host");
  }
  return mlir::success();
}

FuncOp FunctionEmitter::declare(llvm::StringRef name, mlir::ValueRange arguments) {
  if (auto known = program_.host.lookupSymbol<FuncOp>(name)) return known;
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(program_.host.getBody());
  auto function =
      FuncOp::create(builder_, loc_, name, builder_.getFunctionType(arguments.getTypes(), {}));
  function.setPrivate();
  return function;
}

void FunctionEmitter::emitKernelCall(CallOp call, FuncOp kernel) {
  const KernelInfo info = program_.kernels.lookup(kernel.getName());
  if (info.launch) return emitLaunch(call, info);
  access(llvm::SmallVector<Value>(call.getOperands()), llvm::SmallVector<Value>(call.getResults()),
         call);
  llvm::SmallVector<Value> arguments{index_, count_};
  for (const std::string& symbol : info.symbols) arguments.push_back(symbols_.lookup(symbol));
  for (Value operand : call.getOperands()) arguments.push_back(pointer(operand));
  for (Value result : call.getResults()) arguments.push_back(pointer(result));
  if (Value scratch = scratch_.lookup(call)) arguments.push_back(scratch);
  FuncOp declaration = declare(kernel.getName(), arguments);
  CallOp::create(builder_, loc_, declaration, arguments);
}

void FunctionEmitter::emitReturn(mlir::func::ReturnOp op) {
  auto results = emitted_.getArguments().take_back(op.getNumOperands());
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    auto it = plan_.places.find(storageOf(operand));
    const bool inPlace = it != plan_.places.end() && it->second.kind == Place::Kind::kResult &&
                         it->second.index == static_cast<int>(i);
    if (inPlace) continue;
    if (graph::hasSymbolOf(operand.getType(), computed_)) {
      emitReturnOfComputedShape(operand, static_cast<int64_t>(i));
      continue;
    }
    access({operand}, {});
    copy(results[i], pointer(operand), tensorBytes(operand.getType()));
  }
  barrier();
}

}  // namespace mlc::conversion
