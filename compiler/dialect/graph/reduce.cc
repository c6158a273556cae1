#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

// The shape without (or, kept, with a 1 for) the dims of `axes`, which are increasing.
LogicalResult reducedShape(std::optional<Location> location, Value input, ArrayRef<int64_t> axes,
                           bool keepDims, Shape& result) {
  Shape shape = shapeOf(input);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (failed(checkAxis(location, axis, shape.size()))) return failure();
    if (i > 0 && axes[i - 1] >= axis) return emitOptionalError(location, "axes must increase");
  }
  for (auto [i, dim] : llvm::enumerate(shape)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i))) {
      result.push_back(dim);
    } else if (keepDims) {
      result.push_back(1);
    }
  }
  return success();
}

}  // namespace

MLC_INFER(ReduceOp) {
  Shape shape;
  if (elementTypeOf(op.getInput()).isInteger(1)) {
    return emitOptionalError(location, "cannot reduce bool elements");
  }
  if (failed(reducedShape(location, op.getInput(), op.getAxes(), op.getKeepDims(), shape)))
    return failure();
  return inferred(location, shape, elementTypeOf(op.getInput()), types);
}

MLC_INFER(ArgReduceOp) {
  if (op.getKind() != ReduceKind::max && op.getKind() != ReduceKind::min) {
    return emitOptionalError(location, "kind must be max or min");
  }
  Shape shape;
  int64_t axis = op.getAxis();
  if (failed(reducedShape(location, op.getInput(), axis, op.getKeepDims(), shape)))
    return failure();
  return inferred(location, shape, IntegerType::get(op.getInput().getContext(), 64), types);
}

MLC_INFER(CumSumOp) {
  if (failed(checkAxis(location, op.getAxis(), rankOf(op.getInput())))) return failure();
  types.push_back(op.getInput().getType());
  return success();
}

namespace {

FactorKind reductionFactor(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::sum:
      return FactorKind::kReduceSum;
    case ReduceKind::max:
      return FactorKind::kReduceMax;
    case ReduceKind::min:
      return FactorKind::kReduceMin;
    case ReduceKind::mean:
    case ReduceKind::prod:
      return FactorKind::kWhole;
  }
  llvm_unreachable("all kinds are listed");
}

OpFactors reducedFactors(mlir::Operation* op, llvm::ArrayRef<int64_t> axes, bool keepDims,
                         FactorKind reduced) {
  FactorBuilder builder(op);
  int64_t resultDim = 0;
  for (auto [i, dim] : llvm::enumerate(builder.operandShape(0))) {
    bool isReduced = llvm::is_contained(axes, static_cast<int64_t>(i));
    int factor = builder.add(dim, isReduced ? reduced : FactorKind::kParallel);
    builder.indexOperand(0, i, factor);
    if (!isReduced) builder.indexResult(resultDim, factor);
    if (!isReduced || keepDims) ++resultDim;
  }
  return builder.take();
}

}  // namespace

OpFactors ReduceOp::getFactors() {
  return reducedFactors(*this, getAxes(), getKeepDims(), reductionFactor(getKind()));
}

OpFactors ArgReduceOp::getFactors() {
  int64_t axis = getAxis();
  return reducedFactors(*this, axis, getKeepDims(), FactorKind::kWhole);
}

OpFactors CumSumOp::getFactors() {
  FactorBuilder builder(*this);
  for (int64_t i = 0; i < getType().getRank(); ++i) {
    builder.addSame(
        i, i == static_cast<int64_t>(getAxis()) ? FactorKind::kWhole : FactorKind::kParallel);
  }
  return builder.take();
}

OpWork ReduceOp::getWork() { return {elementCount(shapeOf(getInput())), bytesMoved(*this)}; }

OpWork ArgReduceOp::getWork() { return {elementCount(shapeOf(getInput())), bytesMoved(*this)}; }

}  // namespace mlc::graph
