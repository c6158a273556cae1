#include "compiler/dialect/graph/factors.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace mlc::graph {
namespace {

DimExpr bytesOf(Value value) { return graph::bytesOf(shapeOf(value), dtypeOf(value.getType())); }

DimExpr operationsOfConv(ConvOp op) {
  Shape filter = shapeOf(op.getFilter());
  DimExpr perElement = elementCount(ArrayRef(filter).drop_front());
  return elementCount(shapeOf(op.getResult())) * perElement * 2;
}

DimExpr operationsOfBlockedConv(BlockedConvOp op) {
  Shape filter = shapeOf(op.getFilter());
  ArrayRef<DimExpr> perElement =
      op.getDepthwise() ? ArrayRef(filter).slice(1, 2) : ArrayRef(filter).slice(1, 4);
  return elementCount(shapeOf(op.getResult())) * elementCount(perElement) * 2;
}

DimExpr operationsOfPool(PoolOp op) {
  DimExpr count = elementCount(shapeOf(op.getResult()));
  for (int64_t size : op.getKernel()) count = count * size;
  return count;
}

// Scores, their softmax, and the weighted sum of the values.
DimExpr operationsOfAttention(AttentionOp op) {
  Shape query = shapeOf(op.getQuery()), value = shapeOf(op.getValue());
  DimExpr scores = query[0] * query[1] * query[2] * value[2];
  return scores * (query[3] * 2 + value[3] * 2 + 4);
}

// Each point of the iteration space once; a multiply-add is two.
DimExpr operationsOfContract(ContractOp op) {
  DimExpr points = 2;
  for (const Factor& factor : op.getFactors().factors) points = points * factor.size;
  return points;
}

OpWork workOfRegion(Region& region) {
  OpWork work;
  region.walk([&](Factored op) {
    if (op->getParentRegion() != &region) return;
    OpWork part = cast<Work>(op.getOperation()).getWork();
    work.operations = work.operations + part.operations;
    work.bytes = work.bytes + part.bytes;
  });
  return work;
}

OpWork workOfIf(IfOp op) {
  OpWork thenWork = workOfRegion(op.getThenRegion()), elseWork = workOfRegion(op.getElseRegion());
  return {max(thenWork.operations, elseWork.operations), max(thenWork.bytes, elseWork.bytes)};
}

// One trip where the number of trips is not constant.
OpWork workOfLoop(LoopOp op) {
  OpWork work = workOfRegion(op.getBody());
  ElementsAttr trips;
  if (!matchPattern(op.getTripCount(), m_Constant(&trips))) return work;
  int64_t count = (*trips.value_begin<APInt>()).getSExtValue();
  constexpr int64_t kUnbounded = int64_t{1} << 31;
  if (count < 0 || count >= kUnbounded) return work;
  return {work.operations * count, work.bytes * count};
}

}  // namespace

OpWork defaultWork(Operation* op) {
  if (auto branch = dyn_cast<IfOp>(op)) return workOfIf(branch);
  if (auto loop = dyn_cast<LoopOp>(op)) return workOfLoop(loop);
  // Leaves are only read where they are used; a reshape is a view.
  if (isa<ConstantOp, WeightOp, StateOp, SizeOp, ReshapeOp>(op)) return {};
  OpWork work;
  for (Value operand : op->getOperands()) work.bytes = work.bytes + bytesOf(operand);
  for (Value result : op->getResults()) work.bytes = work.bytes + bytesOf(result);
  work.operations =
      TypeSwitch<Operation*, DimExpr>(op)
          .Case([](ContractOp contract) { return operationsOfContract(contract); })
          .Case([](ConvOp conv) { return operationsOfConv(conv); })
          .Case([](BlockedConvOp conv) { return operationsOfBlockedConv(conv); })
          .Case([](PoolOp pool) { return operationsOfPool(pool); })
          .Case([](AttentionOp attention) { return operationsOfAttention(attention); })
          .Case<ReduceOp, ArgReduceOp>(
              [](auto reduce) { return elementCount(shapeOf(reduce.getInput())); })
          .Default([](Operation* other) {
            return other->getNumResults() == 0 ? DimExpr(1)
                                               : elementCount(shapeOf(other->getResult(0)));
          });
  // An append copies what is new.
  if (auto append = dyn_cast<AppendOp>(op)) {
    work.bytes = bytesOf(append.getUpdate()) * 2;
    work.operations = elementCount(shapeOf(append.getUpdate()));
  }
  // A gather reads the rows it takes, not its whole table.
  if (auto gather = dyn_cast<GatherOp>(op)) {
    work.bytes = bytesOf(gather.getResult()) * 2 + bytesOf(gather.getIndices());
  }
  return work;
}

}  // namespace mlc::graph
