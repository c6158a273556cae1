#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

LogicalResult checkFloat(std::optional<Location> location, Value value) {
  if (isa<FloatType>(elementTypeOf(value))) return success();
  return emitOptionalError(location, "needs a floating-point operand, has ", elementTypeOf(value));
}

// Fails unless `value` broadcasts to `shape` without enlarging it.
LogicalResult checkBroadcastsTo(std::optional<Location> location, StringRef what, Value value,
                                ArrayRef<DimExpr> shape) {
  if (broadcastsTo(shapeOf(value), shape)) return success();
  return emitOptionalError(location, what, " of type ", value.getType(),
                           " does not broadcast to its input");
}

LogicalResult inferNorm(std::optional<Location> location, Value input, Value scale, Value bias,
                        int64_t axis, SmallVectorImpl<Type>& types) {
  if (failed(checkAxis(location, axis, rankOf(input))) || failed(checkFloat(location, input)))
    return failure();
  Shape shape = shapeOf(input);
  ArrayRef<DimExpr> normalized = ArrayRef(shape).drop_front(axis);
  if (failed(checkBroadcastsTo(location, "scale", scale, normalized))) return failure();
  if (bias && failed(checkBroadcastsTo(location, "bias", bias, normalized))) return failure();
  types.push_back(input.getType());
  return success();
}

}  // namespace

MLC_INFER(SoftmaxOp) {
  if (failed(checkAxis(location, op.getAxis(), rankOf(op.getInput()))) ||
      failed(checkFloat(location, op.getInput()))) {
    return failure();
  }
  types.push_back(op.getInput().getType());
  return success();
}

MLC_INFER(LayerNormOp) {
  return inferNorm(location, op.getInput(), op.getScale(), op.getBias(), op.getAxis(), types);
}

MLC_INFER(RmsNormOp) {
  return inferNorm(location, op.getInput(), op.getScale(), Value(), op.getAxis(), types);
}

MLC_INFER(AttentionOp) {
  Shape query = shapeOf(op.getQuery()), key = shapeOf(op.getKey()), value = shapeOf(op.getValue());
  if (query.size() != 4 || key.size() != 4 || value.size() != 4) {
    return emitOptionalError(
        location, "query, key and value must have the dims [batch, heads, length, depth]");
  }
  if (failed(checkFloat(location, op.getQuery())) ||
      failed(checkSameElementType(location, op.getQuery(), op.getKey())) ||
      failed(checkSameElementType(location, op.getQuery(), op.getValue())) ||
      failed(checkEqual(location, "batch of query and key", query[0], key[0])) ||
      failed(checkEqual(location, "batch of query and value", query[0], value[0])) ||
      failed(checkEqual(location, "heads of key and value", key[1], value[1])) ||
      failed(checkEqual(location, "length of key and value", key[2], value[2])) ||
      failed(checkEqual(location, "depth of query and key", query[3], key[3]))) {
    return failure();
  }
  if (!(query[1] == key[1])) {
    std::optional<int64_t> heads = query[1].constant(), kvHeads = key[1].constant();
    if (!heads || !kvHeads || *kvHeads < 1 || *heads % *kvHeads != 0) {
      return emitOptionalError(location, query[1].str(), " query heads for ", key[1].str(),
                               " key heads");
    }
  }
  Shape scores = {query[0], query[1], query[2], key[2]};
  if (op.getMask() && failed(checkBroadcastsTo(location, "mask", op.getMask(), scores)))
    return failure();
  if (op.getKeep()) {
    if (!elementTypeOf(op.getKeep()).isInteger(1) || !op.getFill())
      return emitOptionalError(location, "keep must be bools, and needs a fill");
    if (failed(checkBroadcastsTo(location, "keep", op.getKeep(), scores))) return failure();
  }
  return inferred(location, {query[0], query[1], query[2], value[3]}, elementTypeOf(op.getQuery()),
                  types);
}

MLC_INFER(RotaryEmbeddingOp) {
  Shape half = shapeOf(op.getInput());
  if (half.empty()) return emitOptionalError(location, "input must have a last dim");
  std::optional<int64_t> depth = half.back().constant();
  if (!depth || *depth % 2 != 0) {
    return emitOptionalError(location, "the last dim must be known and even, is ",
                             half.back().str());
  }
  half.back() = *depth / 2;
  if (failed(checkFloat(location, op.getInput())) ||
      failed(checkBroadcastsTo(location, "cos", op.getCos(), half)) ||
      failed(checkBroadcastsTo(location, "sin", op.getSin(), half))) {
    return failure();
  }
  types.push_back(op.getInput().getType());
  return success();
}

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

// Scores, their softmax, and the weighted sum of the values.
OpWork AttentionOp::getWork() {
  Shape query = shapeOf(getQuery()), value = shapeOf(getValue());
  DimExpr scores = query[0] * query[1] * query[2] * value[2];
  return {scores * (query[3] * 2 + value[3] * 2 + 4), bytesMoved(*this)};
}

}  // namespace mlc::graph
