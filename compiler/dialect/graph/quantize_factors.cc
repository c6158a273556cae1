#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {
namespace {

OpFactors quantizationFactors(mlir::Operation* op, bool isPerAxis, int64_t axis) {
  FactorBuilder builder(op);
  for (size_t i = 0; i < builder.resultShape().size(); ++i) {
    int factor = builder.addSame(i, FactorKind::kParallel);
    if (!isPerAxis || static_cast<int64_t>(i) != axis) continue;
    builder.indexOperand(1, 0, factor);
    builder.indexOperand(2, 0, factor);
  }
  return builder.take();
}

}  // namespace

OpFactors QuantizeOp::getFactors() {
  return quantizationFactors(*this, getScale().getType().getRank() == 1, getAxis());
}

OpFactors DequantizeOp::getFactors() {
  return quantizationFactors(*this, getScale().getType().getRank() == 1, getAxis());
}

}  // namespace mlc::graph
