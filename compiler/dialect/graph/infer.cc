#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {

LogicalResult checkAxis(std::optional<Location> location, int64_t axis, int64_t rank) {
  if (axis >= 0 && axis < rank) return success();
  return emitOptionalError(location, "axis ", axis, " of a tensor of rank ", rank);
}

LogicalResult checkSameElementType(std::optional<Location> location, Value a, Value b) {
  if (elementTypeOf(a) == elementTypeOf(b)) return success();
  return emitOptionalError(location, "operands have the element types ", elementTypeOf(a), " and ",
                           elementTypeOf(b));
}

LogicalResult checkEqual(std::optional<Location> location, StringRef what, const DimExpr& a,
                         const DimExpr& b) {
  if (Status status = checkEqual(a, b); !status.ok())
    return emitOptionalError(location, what, ": ", status.message());
  return success();
}

LogicalResult broadcast(std::optional<Location> location, Shape& a, const Shape& b) {
  StatusOr<Shape> shape = broadcastShapes(a, b);
  if (!shape.ok()) {
    return emitOptionalError(location, "operands do not broadcast: ", shape.status().message());
  }
  a = *shape;
  return success();
}

LogicalResult inferred(std::optional<Location> location, ArrayRef<DimExpr> shape, Type elementType,
                       SmallVectorImpl<Type>& types) {
  for (auto [i, dim] : llvm::enumerate(shape)) {
    if (dim.constant().value_or(0) < 0) {
      return emitOptionalError(location, "result dim ", i, " would be ", dim.str());
    }
  }
  types.push_back(tensorType(shape, elementType));
  return success();
}

}  // namespace mlc::graph
