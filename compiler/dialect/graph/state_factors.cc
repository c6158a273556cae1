#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

OpFactors StateOp::getFactors() { return leafFactors(*this); }

// Rows stay together: a new one lies behind all others.
OpFactors AppendOp::getFactors() {
  FactorBuilder builder(*this);
  builder.wholeOperandDim(0, 0);
  builder.wholeOperandDim(1, 0);
  builder.wholeResultDim(0);
  for (int64_t i = 1; i < static_cast<int64_t>(builder.resultShape().size()); ++i) {
    const int factor = builder.addSame(i, FactorKind::kParallel);
    builder.indexOperand(1, i, factor);
  }
  return builder.take();
}

}  // namespace mlc::graph
