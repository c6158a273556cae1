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

}  // namespace mlc::graph
