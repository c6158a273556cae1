#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

Type i64Of(MLIRContext* context) { return IntegerType::get(context, 64); }

// Fails unless 0 <= k and k can be at most the dim.
LogicalResult checkK(std::optional<Location> location, const DimExpr& k, const DimExpr& size) {
  if (k.constant().value_or(0) < 0) return emitOptionalError(location, "k is ", k.str());
  if (k.isConstant() && size.isConstant() && *k.constant() > *size.constant()) {
    return emitOptionalError(location, "k is ", k.str(), ", the dim has ", size.str());
  }
  return success();
}

}  // namespace

LogicalResult DefineSizeOp::verify() {
  auto type = cast<RankedTensorType>(getValue().getType());
  if (type.getRank() != 0 || !type.getElementType().isInteger(64))
    return emitOpError("needs a scalar i64 value");
  if (getSymbol().empty()) return emitOpError("needs a symbol");
  if (getMost() && getMost()->getExprs().size() != 1)
    return emitOpError("needs one expression as the largest value");
  return success();
}

MLC_INFER(TopKOp) {
  Shape shape = shapeOf(op.getInput());
  if (failed(checkAxis(location, op.getAxis(), rankOf(op.getInput())))) return failure();
  const Shape k = exprsOf(op.getK());
  if (k.size() != 1) return emitOptionalError(location, "needs one k");
  if (failed(checkK(location, k[0], shape[op.getAxis()]))) return failure();
  shape[op.getAxis()] = k[0];
  if (failed(inferred(location, shape, elementTypeOf(op.getInput()), types))) return failure();
  return inferred(location, shape, i64Of(op.getK().getContext()), types);
}

MLC_INFER(NonZeroOp) {
  const Shape shape = shapeOf(op.getInput());
  Type i64 = i64Of(op.getInput().getContext());
  const DimExpr rank = static_cast<int64_t>(shape.size());
  if (failed(inferred(location, {rank, elementCount(shape)}, i64, types))) return failure();
  return inferred(location, {}, i64, types);
}

MLC_INFER(UniqueOp) {
  Shape shape = shapeOf(op.getInput());
  Type i64 = i64Of(op.getInput().getContext());
  const int64_t axis = op.getAxis();
  if (axis < 0) shape = {elementCount(shape)};
  if (axis >= 0 && failed(checkAxis(location, axis, rankOf(op.getInput())))) return failure();
  const DimExpr slices = shape[std::max<int64_t>(axis, 0)];
  if (failed(inferred(location, shape, elementTypeOf(op.getInput()), types))) return failure();
  for (int i = 0; i < 3; ++i) {
    if (failed(inferred(location, {slices}, i64, types))) return failure();
  }
  return inferred(location, {}, i64, types);
}

MLC_INFER(NonMaxSuppressionOp) {
  Shape boxes = shapeOf(op.getBoxes()), scores = shapeOf(op.getScores());
  if (boxes.size() != 3 || scores.size() != 3)
    return emitOptionalError(location, "needs boxes and scores of rank 3");
  if (failed(checkEqual(location, "batches of boxes and scores", scores[0], boxes[0])) ||
      failed(checkEqual(location, "numbers of boxes and scores", scores[2], boxes[1])) ||
      failed(checkEqual(location, "coordinates of a box", boxes[2], DimExpr(4)))) {
    return failure();
  }
  if (!elementTypeOf(op.getBoxes()).isF32() || !elementTypeOf(op.getScores()).isF32())
    return emitOptionalError(location, "needs boxes and scores of f32");
  Type i64 = i64Of(op.getBoxes().getContext());
  if (failed(inferred(location, {elementCount(scores), DimExpr(3)}, i64, types))) return failure();
  return inferred(location, {}, i64, types);
}

SmallVector<int64_t> TopKOp::libraryAttributes() {
  return {static_cast<int64_t>(getAxis()), getLargest()};
}
SmallVector<int64_t> NonZeroOp::libraryAttributes() { return {}; }
SmallVector<int64_t> UniqueOp::libraryAttributes() {
  return {static_cast<int64_t>(getAxis()), getSorted()};
}
SmallVector<int64_t> NonMaxSuppressionOp::libraryAttributes() { return {getCenterPointBox()}; }

// Rows are independent.
OpFactors TopKOp::getFactors() {
  FactorBuilder builder(*this);
  const Shape input = shapeOf(getInput());
  for (int64_t dim = 0; dim < static_cast<int64_t>(input.size()); ++dim) {
    if (dim == static_cast<int64_t>(getAxis())) {
      builder.wholeOperandDim(0, dim);
      builder.wholeResultDim(dim, 0);
      builder.wholeResultDim(dim, 1);
      continue;
    }
    const int factor = builder.add(input[dim], FactorKind::kParallel);
    builder.indexOperand(0, dim, factor);
    builder.indexResult(dim, factor, 0);
    builder.indexResult(dim, factor, 1);
  }
  return builder.take();
}

}  // namespace mlc::graph
