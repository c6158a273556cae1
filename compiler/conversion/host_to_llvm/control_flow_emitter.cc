// If, Loop and checks of host functions. All threads take the same branch: they read the same
// condition after a barrier.
#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/conversion/graph_to_kernels/group_ops.h"
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "compiler/dialect/graph/node_name.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {

namespace LLVM = mlir::LLVM;
namespace arith = mlir::arith;
namespace scf = mlir::scf;
using mlir::Value;

// Whether a scalar i1 tensor (a byte) holds.
Value FunctionEmitter::readCondition(Value tensor) {
  Value byte = readScalar(tensor, builder_.getI8Type());
  Value zero = arith::ConstantIntOp::create(builder_, loc_, 0, 8);
  return arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::ne, byte, zero);
}

// What an if or loop hands out beside its tensors' contents, as values that its arms or trips
// yield: the dims that it binds, and the addresses of results whose sizes it changes.
struct FunctionEmitter::Bound {
  struct Dim {
    Value tensor;  // a result
    unsigned result = 0;
    size_t dim = 0;
  };
  llvm::SmallVector<Dim> dims;
  llvm::SmallVector<std::pair<Value, unsigned>> own;  // results and their numbers
  llvm::SmallVector<mlir::Type> types;                // of dims, then of addresses

  bool empty() const { return types.empty(); }
};

FunctionEmitter::Bound FunctionEmitter::boundBy(mlir::Operation* op,
                                                std::optional<mlir::ArrayAttr> binds) {
  Bound bound;
  if (!binds) return bound;
  std::set<std::string> symbols;
  for (auto symbol : binds->getAsRange<mlir::StringAttr>()) symbols.insert(symbol.str());
  for (mlir::OpResult result : op->getResults()) {
    for (auto [i, dim] : llvm::enumerate(graph::shapeOf(result))) {
      if (symbols.contains(dim.str())) bound.dims.push_back({result, result.getResultNumber(), i});
    }
  }
  bound.types.append(bound.dims.size(), builder_.getIndexType());
  for (mlir::OpResult result : op->getResults()) {
    auto place = plan_.places.find(result);
    if (place != plan_.places.end() && place->second.kind == Place::Kind::kOwn)
      bound.own.emplace_back(result, result.getResultNumber());
  }
  bound.types.append(bound.own.size(), abi_.ptr());
  return bound;
}

// A result's own segment takes what an arm or trip yields for it. Appends the address, and clears
// `holds` where there is no memory; nothing is copied then.
Value FunctionEmitter::copyToOwn(Value result, Value yielded, Value& holds) {
  const int64_t segment = plan_.places.lookup(result).index;
  const DimExpr size = tensorBytes(yielded.getType());
  Value address = allocate(segment, size);
  Value missing = isNull(address);
  Value zero = abi_.i64(0), count = bytes(size);
  count = arith::SelectOp::create(builder_, loc_, missing, zero, count);
  copyBytes(address, pointer(yielded), count);
  Value isThere = arith::XOrIOp::create(builder_, loc_, missing,
                                        arith::ConstantIntOp::create(builder_, loc_, 1, 1));
  holds = holds ? Value(arith::AndIOp::create(builder_, loc_, holds, isThere)) : isThere;
  return address;
}

// The dims that `bound` lists, of what is yielded; all 0 where the memory does not hold them.
llvm::SmallVector<Value> FunctionEmitter::yieldedDims(const Bound& bound, mlir::ValueRange yielded,
                                                      Value holds) {
  llvm::SmallVector<Value> sizes;
  Value zero = arith::ConstantIndexOp::create(builder_, loc_, 0);
  for (const Bound::Dim& dim : bound.dims) {
    Value size = dimToIndex(builder_, loc_, graph::shapeOf(yielded[dim.result])[dim.dim], symbols_);
    if (holds) size = arith::SelectOp::create(builder_, loc_, holds, size, zero);
    sizes.push_back(size);
  }
  return sizes;
}

mlir::LogicalResult FunctionEmitter::emitIf(graph::IfOp op) {
  if (hazards_.pending()) barrier();
  Value condition = readCondition(op.getCondition());
  const Bound bound = boundBy(op, op.getBinds());
  auto branch = scf::IfOp::create(builder_, loc_, bound.types, condition, /*addThenBlock=*/true,
                                  /*addElseBlock=*/true);
  const auto outerSymbols = symbols_;
  const auto outerPointers = pointers_;
  for (auto [region, block] : {std::pair(&op.getThenRegion(), &branch.getThenRegion().front()),
                               std::pair(&op.getElseRegion(), &branch.getElseRegion().front())}) {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToEnd(block);
    mlir::Block& body = region->front();
    // Other threads may still have to read it when this one writes what lies there next.
    access({op.getCondition()}, {});
    if (mlir::failed(emitBlock(body))) return mlir::failure();
    loc_ = op.getLoc();
    mlir::OperandRange yielded = body.getTerminator()->getOperands();
    if (hazards_.pending()) barrier();
    Value holds;
    llvm::SmallVector<Value> addresses;
    for (auto [result, number] : bound.own)
      addresses.push_back(copyToOwn(result, yielded[number], holds));
    for (auto [result, value] : llvm::zip(op.getResults(), yielded)) {
      if (plan_.places.lookup(storageOf(result)).kind != Place::Kind::kOwn)
        copyTensor(result, value);
    }
    barrier();
    llvm::SmallVector<Value> values = yieldedDims(bound, yielded, holds);
    values.append(addresses);
    scf::YieldOp::create(builder_, loc_, values);
    symbols_ = outerSymbols;
    pointers_ = outerPointers;
  }
  takeBound(bound, branch.getResults());
  allocateSegment(op, /*inBody=*/false);
  return mlir::success();
}

// Symbols and addresses from the values of an if or loop.
void FunctionEmitter::takeBound(const Bound& bound, mlir::ValueRange values) {
  for (auto [i, dim] : llvm::enumerate(bound.dims))
    symbols_[graph::shapeOf(dim.tensor)[dim.dim].str()] = values[i];
  for (auto [i, own] : llvm::enumerate(bound.own))
    pointers_[own.first] = values[bound.dims.size() + i];
}

namespace {

// What a kernel computes, in operations of contractions. Functions such as tanh take many of them.
DimExpr operationsOf(mlir::func::FuncOp kernel) {
  constexpr int64_t kPerFunction = 16;
  DimExpr operations = 0;
  for (mlir::Type result : kernel.getResultTypes())
    operations = operations + graph::elementCount(graph::shapeOf(result));
  kernel.walk([&](graph::Work work) {
    if (isMovement(work) || work->hasTrait<graph::ClonedLeaf>()) return;
    const DimExpr own = work.getWork().operations;
    operations = operations + (mlir::isa<graph::ContractOp>(work) ? own : own * kPerFunction);
  });
  return operations;
}

}  // namespace

// The operations of a trip, where the body only calls kernels and their sizes are known before the
// loop; none for others.
std::optional<DimExpr> FunctionEmitter::operationsOfTrip(graph::LoopOp op) {
  if (op.getBinds()) return std::nullopt;
  DimExpr operations = 0;
  for (mlir::Operation& each : op.getBody().front()) {
    if (mlir::isa<graph::WeightOp, graph::ReshapeOp, graph::FailIfOp, graph::YieldOp>(each))
      continue;
    auto call = mlir::dyn_cast<mlir::func::CallOp>(each);
    auto callee =
        call ? program_.graph.lookupSymbol<mlir::func::FuncOp>(call.getCallee()) : nullptr;
    if (!callee || !attr::isKernel(callee)) return std::nullopt;
    operations = operations + operationsOf(callee);
  }
  std::set<std::string> symbols;
  operations.collectSymbols(symbols);
  const bool areKnown =
      llvm::all_of(symbols, [&](const std::string& symbol) { return symbols_.contains(symbol); });
  return areKnown ? std::optional(operations) : std::nullopt;
}

// Trips of little work are run by thread 0 alone: they take less time than the barriers that all
// threads would need.
mlir::LogicalResult FunctionEmitter::emitLoop(graph::LoopOp op) {
  constexpr int64_t kFewOperations = 1 << 16;
  const std::optional<DimExpr> operations = onDevice() ? std::nullopt : operationsOfTrip(op);
  if (!operations || operations->constant().value_or(0) > kFewOperations) return emitTrips(op);
  if (hazards_.pending()) barrier();
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(builder_, loc_, value); };
  Value isShared = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::sgt,
                                         dimToIndex(builder_, loc_, *operations, symbols_),
                                         index(kFewOperations));
  Value isFirst = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::eq, index_, index(0));
  auto branch =
      scf::IfOp::create(builder_, loc_, arith::OrIOp::create(builder_, loc_, isShared, isFirst),
                        /*withElseRegion=*/false);
  {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(branch.thenBlock());
    const Value allThreads = count_;
    count_ = arith::SelectOp::create(builder_, loc_, isShared, count_, index(1));
    meets_ = isShared;
    if (mlir::failed(emitTrips(op))) return mlir::failure();
    meets_ = {};
    count_ = allThreads;
  }
  barrier();
  return mlir::success();
}

mlir::LogicalResult FunctionEmitter::emitTrips(graph::LoopOp op) {
  mlir::Block& body = op.getBody().front();
  const size_t carried = op.getCarried().size();
  Value iteration = body.getArgument(0), condition = body.getArgument(1);
  mlir::Type i64 = builder_.getI64Type();
  const Bound bound = boundBy(op, op.getBinds());
  auto isOwn = [&](size_t result) {
    return llvm::is_contained(llvm::make_second_range(bound.own), static_cast<unsigned>(result));
  };

  // Carried values live in the result buffers.
  if (hazards_.pending() && !bound.empty()) barrier();
  Value holds;
  llvm::SmallVector<Value> addresses;
  for (auto [result, number] : bound.own) {
    addresses.push_back(number < carried ? copyToOwn(result, op.getCarried()[number], holds)
                                         : abi_.nullPointer());
  }
  for (size_t i = 0; i < carried; ++i) {
    if (!isOwn(i)) copyTensor(op.getResult(i), op.getCarried()[i]);
  }
  copyTensor(condition, op.getCondition());
  barrier();
  Value trips = readScalar(op.getTripCount(), i64);

  // Of a scanned value nothing is known before the first trip.
  llvm::SmallVector<Value> initial{abi_.i64(0)};
  Value zero = arith::ConstantIndexOp::create(builder_, loc_, 0);
  for (const Bound::Dim& dim : bound.dims) {
    Value size = zero;
    if (dim.result < carried) {
      size = dimToIndex(builder_, loc_, graph::shapeOf(op.getCarried()[dim.result])[dim.dim],
                        symbols_);
      if (holds) size = arith::SelectOp::create(builder_, loc_, holds, size, zero);
    }
    initial.push_back(size);
  }
  initial.append(addresses);
  llvm::SmallVector<mlir::Type> types{i64};
  types.append(bound.types);
  const llvm::SmallVector<mlir::Location> locations(types.size(), loc_);

  auto loop = scf::WhileOp::create(builder_, loc_, types, initial);
  {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    mlir::Block* before = builder_.createBlock(&loop.getBefore(), {}, types, locations);
    Value more = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::slt,
                                       before->getArgument(0), trips);
    Value goesOn = readCondition(condition);
    scf::ConditionOp::create(builder_, loc_, arith::AndIOp::create(builder_, loc_, more, goesOn),
                             before->getArguments());

    const auto outerSymbols = symbols_;
    const auto outerPointers = pointers_;
    mlir::Block* after = builder_.createBlock(&loop.getAfter(), {}, types, locations);
    Value trip = after->getArgument(0);
    mlir::ValueRange state = after->getArguments().drop_front();
    enterTrip(op, bound, state);
    writeScalar(iteration, trip);
    barrier();
    if (mlir::failed(emitBlock(body))) return mlir::failure();
    loc_ = op.getLoc();
    if (hazards_.pending()) barrier();
    llvm::SmallVector<Value> next{arith::AddIOp::create(builder_, loc_, trip, abi_.i64(1))};
    next.append(leaveTrip(op, bound, trip, state));
    barrier();
    scf::YieldOp::create(builder_, loc_, next);
    symbols_ = outerSymbols;
    pointers_ = outerPointers;
  }
  // Other threads may still have to find that there is no further trip.
  access({condition, op.getTripCount()}, {});
  takeBound(bound, loop.getResults().drop_front());
  allocateSegment(op, /*inBody=*/false);
  return mlir::success();
}

// The symbols of the body's arguments and the addresses of carried values, in this trip.
void FunctionEmitter::enterTrip(graph::LoopOp op, const Bound& bound, mlir::ValueRange state) {
  mlir::Block& body = op.getBody().front();
  const size_t carried = op.getCarried().size();
  for (auto [i, dim] : llvm::enumerate(bound.dims)) {
    if (dim.result >= carried) continue;
    const DimExpr own = graph::shapeOf(body.getArgument(dim.result + 2))[dim.dim];
    if (!own.isConstant()) symbols_[own.str()] = state[i];
  }
  for (auto [i, own] : llvm::enumerate(bound.own))
    pointers_[own.first] = state[bound.dims.size() + i];
  allocateSegment(op, /*inBody=*/true);
}

// Hands what the body yields to the next trip. Returns the next state.
llvm::SmallVector<Value> FunctionEmitter::leaveTrip(graph::LoopOp op, const Bound& bound,
                                                    Value trip, mlir::ValueRange state) {
  mlir::Block& body = op.getBody().front();
  const size_t carried = op.getCarried().size();
  // Yields are (condition, results...).
  mlir::OperandRange yielded = body.getTerminator()->getOperands().drop_front();
  Value holds;
  llvm::SmallVector<Value> addresses;
  for (auto [i, own] : llvm::enumerate(bound.own)) {
    auto [result, number] = own;
    Value address = state[bound.dims.size() + i];
    if (number >= carried) {
      address = appendToOwn(result, yielded[number], trip, address, holds);
    } else if (storageOf(yielded[number]) != storageOf(result)) {
      address = copyToOwn(result, yielded[number], holds);
    }
    addresses.push_back(address);
  }
  llvm::SmallVector<Value> next;
  for (auto [i, dim] : llvm::enumerate(bound.dims)) {
    Value size;
    if (dim.result >= carried && dim.dim == 0) {
      Value count = arith::AddIOp::create(builder_, loc_, trip, abi_.i64(1));
      size = arith::IndexCastOp::create(builder_, loc_, builder_.getIndexType(), count);
    } else {
      const size_t inner = dim.result >= carried ? dim.dim - 1 : dim.dim;
      size = dimToIndex(builder_, loc_, graph::shapeOf(yielded[dim.result])[inner], symbols_);
      if (dim.result >= carried) checkScannedDim(op, size, state[i], trip);
    }
    if (holds) {
      Value zero = arith::ConstantIndexOp::create(builder_, loc_, 0);
      size = arith::SelectOp::create(builder_, loc_, holds, size, zero);
    }
    next.push_back(size);
  }
  for (size_t i = 0; i < op.getNumResults(); ++i) {
    if (plan_.places.lookup(op.getResult(i)).kind == Place::Kind::kOwn) continue;
    if (i < carried) {
      copyTensor(op.getResult(i), yielded[i]);
      continue;
    }
    const DimExpr size = tensorBytes(yielded[i].getType());
    Value offset = arith::MulIOp::create(builder_, loc_, trip, bytes(size));
    copy(abi_.advance(pointer(op.getResult(i)), offset), pointer(yielded[i]), size);
  }
  copyTensor(body.getArgument(1), body.getTerminator()->getOperand(0));
  next.append(addresses);
  return next;
}

// Adds a trip's part to a scanned value that grows from trip to trip.
Value FunctionEmitter::appendToOwn(Value result, Value part, Value trip, Value before,
                                   Value& holds) {
  const int64_t segment = plan_.places.lookup(result).index;
  Value size = bytes(tensorBytes(part.getType()));
  Value kept = arith::MulIOp::create(builder_, loc_, size, trip);
  // After a failure there may be nothing to keep.
  kept = arith::SelectOp::create(builder_, loc_, isNull(before), abi_.i64(0), kept);
  Value whole = arith::AddIOp::create(builder_, loc_, kept, size);
  hazards_.clear();
  Value address = abi_.callForAddress(thread_, offsetof(MlcRuntime, allocate),
                                      {abi_.i64(segment), whole, kept});
  Value missing = isNull(address);
  Value count = arith::SelectOp::create(builder_, loc_, missing, abi_.i64(0), size);
  copyBytes(abi_.advance(address, kept), pointer(part), count);
  Value isThere = arith::XOrIOp::create(builder_, loc_, missing,
                                        arith::ConstantIntOp::create(builder_, loc_, 1, 1));
  holds = holds ? Value(arith::AndIOp::create(builder_, loc_, holds, isThere)) : isThere;
  return address;
}

// Parts of a scanned value that differ in size cannot be stacked.
void FunctionEmitter::checkScannedDim(graph::LoopOp op, Value size, Value before, Value trip) {
  Value differs = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::ne, size, before);
  Value isLater =
      arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::sgt, trip, abi_.i64(0));
  failIf(arith::AndIOp::create(builder_, loc_, differs, isLater),
         "node '" + graph::nodeNameOf(op) +
             "': its trips give parts of different sizes, which cannot be stacked");
}

// Thread 0 tells the runtime; the program goes on to its end.
void FunctionEmitter::emitFailIf(graph::FailIfOp op) {
  access({op.getCondition()}, {});
  onThreadZero([&] {
    auto branch = scf::IfOp::create(builder_, loc_, readCondition(op.getCondition()),
                                    /*withElseRegion=*/false);
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(branch.thenBlock());
    abi_.callRuntime(thread_, offsetof(MlcRuntime, fail), {message(op.getMessage())});
  });
}

// The rest of the function runs only where the check did not fail.
void FunctionEmitter::skipRestIf(graph::FailIfOp op) {
  Value fails = readCondition(op.getCondition());
  auto choice = scf::IfOp::create(builder_, loc_, fails, /*withElseRegion=*/true);
  builder_.setInsertionPointToStart(choice.elseBlock());
}

// As emitFailIf, for a value of the host code.
void FunctionEmitter::failIf(Value condition, llvm::StringRef text) {
  onThreadZero([&] {
    auto branch = scf::IfOp::create(builder_, loc_, condition, /*withElseRegion=*/false);
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(branch.thenBlock());
    abi_.callRuntime(thread_, offsetof(MlcRuntime, fail), {message(text)});
  });
}

// The address of a text, which is a global of the program, once.
Value FunctionEmitter::message(llvm::StringRef text) {
  const std::string terminated = text.str() + '\0';
  LLVM::GlobalOp global;
  int count = 0;
  for (auto known : program_.host.getOps<LLVM::GlobalOp>()) {
    auto value = mlir::dyn_cast_or_null<mlir::StringAttr>(known.getValueOrNull());
    if (!value) continue;
    ++count;
    if (value.getValue() == terminated) global = known;
  }
  if (!global) {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(program_.host.getBody());
    auto type = LLVM::LLVMArrayType::get(builder_.getI8Type(), terminated.size());
    global = LLVM::GlobalOp::create(builder_, loc_, type, /*isConstant=*/true,
                                    LLVM::Linkage::Private, "message_" + std::to_string(count),
                                    builder_.getStringAttr(terminated));
  }
  return LLVM::AddressOfOp::create(builder_, loc_, global);
}

}  // namespace mlc::conversion
