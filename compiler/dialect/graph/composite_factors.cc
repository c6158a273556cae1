#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {
namespace {

// Dims from `axis` on whole, those before parallel; scale and bias lie along the former.
OpFactors normFactors(mlir::Operation* op, int64_t axis) {
  FactorBuilder builder(op);
  Shape shape = builder.operandShape(0);
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i) {
    builder.addSame(i, i < axis ? FactorKind::kParallel : FactorKind::kWhole);
  }
  for (unsigned i = 1; i < op->getNumOperands(); ++i) {
    builder.broadcastOperand(i, shape, builder.resultFactors());
  }
  return builder.take();
}

}  // namespace

OpFactors SoftmaxOp::getFactors() {
  FactorBuilder builder(*this);
  for (int64_t i = 0; i < getType().getRank(); ++i) {
    builder.addSame(
        i, i == static_cast<int64_t>(getAxis()) ? FactorKind::kWhole : FactorKind::kParallel);
  }
  return builder.take();
}

OpFactors LayerNormOp::getFactors() { return normFactors(*this, getAxis()); }
OpFactors RmsNormOp::getFactors() { return normFactors(*this, getAxis()); }

OpFactors AttentionOp::getFactors() {
  FactorBuilder builder(*this);
  Shape query = shapeOf(getQuery()), key = shapeOf(getKey()), value = shapeOf(getValue());
  constexpr int kQuery = 0, kKey = 1, kValue = 2, kFirstMask = 3;

  int batch = builder.add(query[0], FactorKind::kParallel);
  for (int operand : {kQuery, kKey, kValue}) builder.indexOperand(operand, 0, batch);
  builder.indexResult(0, batch);

  int kvHeads = builder.add(key[1], FactorKind::kParallel);
  for (int operand : {kQuery, kKey, kValue}) builder.indexOperand(operand, 1, kvHeads);
  builder.indexResult(1, kvHeads);
  DimFactors heads = {kvHeads};
  if (!(query[1] == key[1])) {
    int group = builder.add(floorDiv(query[1], key[1]), FactorKind::kParallel);
    builder.indexOperand(kQuery, 1, group);
    builder.indexResult(1, group);
    heads.push_back(group);
  }

  // Which keys a query sees depends on its position when attention is causal.
  int queries = builder.add(query[2], getCausal() ? FactorKind::kWhole : FactorKind::kParallel);
  builder.indexOperand(kQuery, 2, queries);
  builder.indexResult(2, queries);
  int keys = builder.add(key[2], FactorKind::kWhole);
  builder.indexOperand(kKey, 2, keys);
  builder.indexOperand(kValue, 2, keys);
  int depth = builder.add(query[3], FactorKind::kWhole);
  builder.indexOperand(kQuery, 3, depth);
  builder.indexOperand(kKey, 3, depth);
  int valueDepth = builder.add(value[3], FactorKind::kParallel);
  builder.indexOperand(kValue, 3, valueDepth);
  builder.indexResult(3, valueDepth);

  // The mask and what is kept, those that there are.
  Shape scores = {query[0], query[1], query[2], key[2]};
  TensorFactors scoreFactors = {{batch}, heads, {queries}, {keys}};
  for (unsigned i = kFirstMask; i < getNumOperands(); ++i)
    builder.broadcastOperand(i, scores, scoreFactors);
  return builder.take();
}

OpFactors RotaryEmbeddingOp::getFactors() {
  FactorBuilder builder(*this);
  Shape half = shapeOf(getInput());
  int64_t last = half.size() - 1;
  TensorFactors halfFactors;
  for (int64_t i = 0; i < last; ++i)
    halfFactors.push_back({builder.addSame(i, FactorKind::kParallel)});
  builder.addSame(last, FactorKind::kWhole);
  half[last] = floorDiv(half[last], 2);
  halfFactors.push_back({builder.add(half[last], FactorKind::kWhole)});
  builder.broadcastOperand(1, half, halfFactors);
  builder.broadcastOperand(2, half, halfFactors);
  return builder.take();
}

}  // namespace mlc::graph
