#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

// What quantize and dequantize have in common: `real` and `stored` of one shape, scale and zero
// point per tensor or per index of axis.
LogicalResult verifyQuantization(Operation* op, Value real, Value stored, Value scale,
                                 Value zeroPoint, int64_t axis) {
  if (!isa<FloatType>(elementTypeOf(real)) || !isa<IntegerType>(elementTypeOf(stored))) {
    return op->emitOpError("converts between floating-point and integer elements");
  }
  if (shapeOf(real) != shapeOf(stored)) return op->emitOpError("changes the shape");
  if (elementTypeOf(zeroPoint) != elementTypeOf(stored)) {
    return op->emitOpError("has a zero point of type ") << zeroPoint.getType();
  }
  Shape scales = shapeOf(scale);
  if (scales != shapeOf(zeroPoint))
    return op->emitOpError("has a scale and a zero point of unequal shapes");
  if (scales.empty()) return success();
  if (scales.size() != 1) return op->emitOpError("needs a scalar or a vector as scale");
  Shape shape = shapeOf(real);
  if (failed(checkAxis(op->getLoc(), axis, shape.size()))) return failure();
  return checkEqual(op->getLoc(), "scale and axis", scales[0], shape[axis]);
}

}  // namespace

LogicalResult QuantizeOp::verify() {
  return verifyQuantization(*this, getInput(), getResult(), getScale(), getZeroPoint(), getAxis());
}

LogicalResult DequantizeOp::verify() {
  return verifyQuantization(*this, getResult(), getInput(), getScale(), getZeroPoint(), getAxis());
}

}  // namespace mlc::graph
