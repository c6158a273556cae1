#include "mlir/IR/Block.h"
#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

// Writes into a region's block while it lives. Ops of the region may use weights: they are outside.
class InRegion {
 public:
  InRegion(GraphWriter& w, mlir::Region& region) : guard_(w.builder()) {
    w.builder().setInsertionPointToEnd(&region.emplaceBlock());
  }

 private:
  mlir::OpBuilder::InsertionGuard guard_;
};

// What keeps the type.
Value step(GraphWriter& w, const Surroundings& s, Value x) {
  Value made;
  switch (w.random().between(0, 3)) {
    case 0:
      made = residualMlp(w, s, x);
      break;
    case 1:
      made = norm(w, s, x);
      break;
    case 2:
      made = attention(w, s, x);
      break;
    default:
      break;
  }
  return made ? w.make<graph::TanhOp>(made) : unary(w, s, x);
}

}  // namespace

Value branch(GraphWriter& w, const Surroundings& s, Value x) {
  if (!s.condition) return {};
  mlir::Region regions[2];
  for (mlir::Region& region : regions) {
    InRegion in(w, region);
    Value made = step(w, s, x);
    graph::YieldOp::create(w.builder(), w.location(), mlir::ValueRange(made));
  }
  mlir::OperationState state(w.location(), graph::IfOp::getOperationName());
  state.addOperands(s.condition);
  state.addTypes(x.getType());
  for (mlir::Region& region : regions) state.addRegion()->takeBody(region);
  return w.builder().create(state)->getResult(0);
}

// The last state, or the sum of all of them.
Value loop(GraphWriter& w, const Surroundings& s, Value x) {
  auto scalarType = [&](mlir::Type element) { return mlir::RankedTensorType::get({}, element); };
  const bool isStacked = w.random().oneIn(2);
  HostTensor trips = HostTensor::uninitialized(DType::kI64, {}),
             always = HostTensor::uninitialized(DType::kBool, {});
  *trips.data<int64_t>() = w.random().between(1, 3);
  *always.data<bool>() = true;
  mlir::Region body;
  {
    InRegion in(w, body);
    mlir::Block& block = body.front();
    block.addArgument(scalarType(w.builder().getI64Type()), w.location());
    Value condition = block.addArgument(scalarType(w.builder().getI1Type()), w.location());
    Value before = block.addArgument(x.getType(), w.location());
    Value after = step(w, s, before);
    llvm::SmallVector<Value> yielded = {condition, after};
    if (isStacked) yielded.push_back(after);
    graph::YieldOp::create(w.builder(), w.location(), mlir::ValueRange(yielded));
  }
  mlir::OperationState state(w.location(), graph::LoopOp::getOperationName());
  state.addOperands({w.constant(trips), w.constant(always), x});
  state.addTypes(x.getType());
  if (isStacked) {
    graph::Shape stacked = shapeOf(x);
    stacked.insert(stacked.begin(), DimExpr(*trips.data<int64_t>()));
    state.addTypes(graph::tensorType(stacked, w.f32()));
  }
  state.addRegion()->takeBody(body);
  mlir::Operation* op = w.builder().create(state);
  if (!isStacked) return op->getResult(0);
  return w.make<graph::ReduceOp>(op->getResult(1), graph::ReduceKind::sum,
                                 llvm::ArrayRef<int64_t>(int64_t{0}));
}

}  // namespace mlc::equivalence
