#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

// What quantize and dequantize have in common: `real` and `stored` of one shape, scale and zero
// point per tensor or per index of axis.
LogicalResult verifyQuantization(Operation* op, Value real, Value stored, Value scale,
                                 Value zeroPoint, int64_t axis, int64_t blockSize) {
  const DType realType = dtypeOf(real.getType()), storedType = dtypeOf(stored.getType());
  if (!isFloat(realType) || isSmallFloat(realType) ||
      (isFloat(storedType) && !isSmallFloat(storedType))) {
    return op->emitOpError("converts between floating-point elements and those of a narrow type");
  }
  if (shapeOf(real) != shapeOf(stored)) return op->emitOpError("changes the shape");
  if (elementTypeOf(zeroPoint) != elementTypeOf(stored)) {
    return op->emitOpError("has a zero point of type ") << zeroPoint.getType();
  }
  Shape scales = shapeOf(scale);
  if (scales != shapeOf(zeroPoint) && !(blockSize > 0 && shapeOf(zeroPoint).empty()))
    return op->emitOpError("has a scale and a zero point of unequal shapes");
  if (scales.empty()) return success();
  Shape shape = shapeOf(real);
  if (failed(checkAxis(op->getLoc(), axis, shape.size()))) return failure();
  if (blockSize > 0) {
    shape[axis] = ceilDiv(shape[axis], blockSize);
    if (scales.size() != shape.size())
      return op->emitOpError("has a scale of another rank than its blocks");
    for (size_t i = 0; i < shape.size(); ++i) {
      if (failed(checkEqual(op->getLoc(), "scale and blocks", scales[i], shape[i])))
        return failure();
    }
    return success();
  }
  if (scales.size() != 1) return op->emitOpError("needs a scalar or a vector as scale");
  return checkEqual(op->getLoc(), "scale and axis", scales[0], shape[axis]);
}

}  // namespace

LogicalResult QuantizeOp::verify() {
  return verifyQuantization(*this, getInput(), getResult(), getScale(), getZeroPoint(), getAxis(),
                            getBlockSize());
}

LogicalResult DequantizeOp::verify() {
  return verifyQuantization(*this, getResult(), getInput(), getScale(), getZeroPoint(), getAxis(),
                            getBlockSize());
}

namespace {

// Blocks are a factor of their own; an axis that ends inside of a block is whole.
void addBlocks(FactorBuilder& builder, int64_t axis, int64_t blockSize,
               llvm::ArrayRef<int> parameters) {
  const std::optional<int64_t> size = builder.resultShape()[axis].constant();
  if (!size || *size % blockSize != 0) {
    builder.addSame(axis, FactorKind::kWhole);
    for (int parameter : parameters) builder.wholeOperandDim(parameter, axis);
    return;
  }
  const int blocks = builder.add(*size / blockSize, FactorKind::kParallel);
  const int inside = builder.add(blockSize, FactorKind::kWhole);
  for (int factor : {blocks, inside}) {
    builder.indexOperand(0, axis, factor);
    builder.indexResult(axis, factor);
  }
  for (int parameter : parameters) builder.indexOperand(parameter, axis, blocks);
}

template <typename Op>
OpFactors quantizationFactors(Op op) {
  FactorBuilder builder(op);
  const auto rank = static_cast<int64_t>(builder.resultShape().size());
  const int64_t axis = op.getAxis() < 0 ? op.getAxis() + rank : op.getAxis();
  const int64_t parameterRank = op.getScale().getType().getRank();
  const bool isBlocked = op.getBlockSize() > 0 && parameterRank > 0;
  const bool isPerAxis = !isBlocked && parameterRank == 1;
  llvm::SmallVector<int> parameters{1};
  if (op.getZeroPoint().getType().getRank() > 0) parameters.push_back(2);
  for (int64_t i = 0; i < rank; ++i) {
    if (isBlocked && i == axis) {
      addBlocks(builder, axis, op.getBlockSize(), parameters);
      continue;
    }
    int factor = builder.addSame(i, FactorKind::kParallel);
    if (!isBlocked && !(isPerAxis && i == axis)) continue;
    for (int parameter : parameters) builder.indexOperand(parameter, isBlocked ? i : 0, factor);
  }
  return builder.take();
}

}  // namespace

OpFactors QuantizeOp::getFactors() { return quantizationFactors(*this); }

OpFactors DequantizeOp::getFactors() { return quantizationFactors(*this); }

}  // namespace mlc::graph
