#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

// Splitting the input channels of an ungrouped convolution makes partial sums, so a bias must not
// be there: it would be added once per part.
OpFactors ConvOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), filter = shapeOf(getFilter());
  int batch = builder.add(input[0], FactorKind::kParallel);
  builder.indexOperand(0, 0, batch);
  builder.indexResult(0, batch);

  int64_t groups = getGroups();
  auto indexOutputChannels = [&](int factor) {
    builder.indexOperand(1, 0, factor);
    if (getBias()) builder.indexOperand(2, 0, factor);
    builder.indexResult(1, factor);
  };
  FactorKind inputChannelKind = getBias() ? FactorKind::kWhole : FactorKind::kReduceSum;
  FactorKind outputChannelKind = FactorKind::kParallel;
  if (groups > 1) {
    int group = builder.add(groups, FactorKind::kParallel);
    builder.indexOperand(0, 1, group);
    indexOutputChannels(group);
    inputChannelKind = outputChannelKind = FactorKind::kWhole;
  }
  indexOutputChannels(builder.add(floorDiv(filter[0], groups), outputChannelKind));
  int inputChannels = builder.add(filter[1], inputChannelKind);
  builder.indexOperand(0, 1, inputChannels);
  builder.indexOperand(1, 1, inputChannels);

  for (size_t i = 2; i < input.size(); ++i) {
    builder.wholeOperandDim(0, i);
    builder.wholeOperandDim(1, i);
    builder.wholeResultDim(i);
  }
  return builder.take();
}

// The layout is chosen after the work was split, so only the batch need be divisible.
OpFactors BlockedConvOp::getFactors() {
  FactorBuilder builder(*this);
  int batch = builder.add(shapeOf(getInput())[0], FactorKind::kParallel);
  builder.indexOperand(0, 0, batch);
  builder.indexResult(0, batch);
  for (int64_t i = 1; i < 5; ++i) {
    builder.wholeOperandDim(0, i);
    builder.wholeResultDim(i);
  }
  for (size_t i = 0; i < shapeOf(getFilter()).size(); ++i) builder.wholeOperandDim(1, i);
  return builder.take();
}

OpFactors PoolOp::getFactors() {
  FactorBuilder builder(*this);
  builder.addSame(0, FactorKind::kParallel);
  builder.addSame(1, FactorKind::kParallel);
  for (int64_t i = 2; i < getType().getRank(); ++i) {
    builder.wholeOperandDim(0, i);
    builder.wholeResultDim(i);
  }
  return builder.take();
}

// Offsets count from the beginning of the whole input.
OpFactors MaxPoolWithIndicesOp::getFactors() { return wholeFactors(*this); }

OpFactors LrnOp::getFactors() {
  FactorBuilder builder(*this);
  for (int64_t i = 0; i < getType().getRank(); ++i) {
    builder.addSame(i, i == 1 ? FactorKind::kWhole : FactorKind::kParallel);
  }
  return builder.take();
}

}  // namespace mlc::graph
