#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {
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

}  // namespace mlc::graph
