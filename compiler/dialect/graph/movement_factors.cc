// reshape is in reshape_factors.cc.
#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

OpFactors TransposeOp::getFactors() {
  FactorBuilder builder(*this);
  for (auto [i, dim] : llvm::enumerate(getPermutation())) {
    int factor = builder.add(builder.resultShape()[i], FactorKind::kParallel);
    builder.indexOperand(0, dim, factor);
    builder.indexResult(i, factor);
  }
  return builder.take();
}

OpFactors BroadcastOp::getFactors() { return elementwiseFactors(*this); }

OpFactors SliceOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), result = shapeOf(getResult()), starts = exprsOf(getStarts());
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == result[i] && starts[i].constant() == 0 && getSteps()[i] == 1) {
      builder.addSame(i, FactorKind::kParallel);
    } else {
      builder.wholeOperandDim(0, i);
      builder.wholeResultDim(i);
    }
  }
  return builder.take();
}

OpFactors PadOp::getFactors() {
  FactorBuilder builder(*this);
  for (int64_t i = 0; i < getType().getRank(); ++i) {
    if (getLow()[i] == 0 && getHigh()[i] == 0) {
      builder.addSame(i, FactorKind::kParallel);
    } else {
      builder.wholeOperandDim(0, i);
      builder.wholeResultDim(i);
    }
  }
  return builder.take();
}

OpFactors ConcatOp::getFactors() {
  FactorBuilder builder(*this);
  int64_t axis = getAxis();
  Shape shape = builder.resultShape();
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i) {
    if (i == axis) {
      builder.wholeResultDim(i);
      for (size_t input = 0; input < getInputs().size(); ++input) builder.wholeOperandDim(input, i);
      continue;
    }
    int factor = builder.add(shape[i], FactorKind::kParallel);
    builder.indexResult(i, factor);
    for (size_t input = 0; input < getInputs().size(); ++input)
      builder.indexOperand(input, i, factor);
  }
  return builder.take();
}

OpFactors GatherOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), indices = shapeOf(getIndices());
  int64_t axis = getAxis(), resultDim = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(input.size()); ++i) {
    if (i == axis) {
      builder.wholeOperandDim(0, i);
      for (auto [j, size] : llvm::enumerate(indices)) {
        int factor = builder.add(size, FactorKind::kParallel);
        builder.indexOperand(1, j, factor);
        builder.indexResult(resultDim++, factor);
      }
      continue;
    }
    int factor = builder.add(input[i], FactorKind::kParallel);
    builder.indexOperand(0, i, factor);
    builder.indexResult(resultDim++, factor);
  }
  return builder.take();
}

OpFactors GatherElementsOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), indices = shapeOf(getIndices());
  int64_t axis = getAxis();
  for (int64_t i = 0; i < static_cast<int64_t>(input.size()); ++i) {
    // Where indices are fewer than the input's elements they still read the same positions, so both
    // stay whole.
    bool isSame = i != axis && input[i] == indices[i];
    int factor =
        builder.add(indices[i], isSame || i == axis ? FactorKind::kParallel : FactorKind::kWhole);
    builder.indexOperand(1, i, factor);
    builder.indexResult(i, factor);
    if (isSame) {
      builder.indexOperand(0, i, factor);
    } else {
      builder.wholeOperandDim(0, i);
    }
  }
  return builder.take();
}

OpFactors IotaOp::getFactors() {
  FactorBuilder builder(*this);
  for (auto [i, size] : llvm::enumerate(builder.resultShape())) {
    bool isAxis = static_cast<int64_t>(i) == static_cast<int64_t>(getAxis());
    builder.indexResult(i, builder.add(size, isAxis ? FactorKind::kWhole : FactorKind::kParallel));
  }
  return builder.take();
}

}  // namespace mlc::graph
