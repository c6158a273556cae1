#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

OpFactors DefineSizeOp::getFactors() { return wholeFactors(*this); }
OpFactors NonZeroOp::getFactors() { return wholeFactors(*this); }
OpFactors UniqueOp::getFactors() { return wholeFactors(*this); }
OpFactors NonMaxSuppressionOp::getFactors() { return wholeFactors(*this); }

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
