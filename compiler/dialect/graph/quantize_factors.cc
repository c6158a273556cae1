#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {
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
