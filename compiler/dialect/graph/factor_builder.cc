#include "compiler/dialect/graph/factor_builder.h"

using namespace mlir;

namespace mlc::graph {

FactorBuilder::FactorBuilder(Operation* op) : op_(op) {
  for (Value operand : op->getOperands()) factors_.operands.emplace_back(shapeOf(operand).size());
  for (Value result : op->getResults()) factors_.results.emplace_back(shapeOf(result).size());
}

int FactorBuilder::add(DimExpr size, FactorKind kind) {
  factors_.factors.push_back({std::move(size), kind});
  return factors_.factors.size() - 1;
}

int FactorBuilder::addSame(int64_t dim, FactorKind kind) {
  int factor = add(operandShape(0)[dim], kind);
  indexOperand(0, dim, factor);
  indexResult(dim, factor);
  return factor;
}

void FactorBuilder::broadcastOperand(int operand, ArrayRef<DimExpr> targetShape,
                                     ArrayRef<DimFactors> target) {
  Shape shape = operandShape(operand);
  size_t offset = targetShape.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool stretches = shape[i].constant() == 1 && targetShape[offset + i].constant() != 1;
    if (mayStretch(shape[i], targetShape[offset + i])) {
      wholeOperandDim(operand, i);
    } else if (!stretches) {
      factors_.operands[operand][i] = target[offset + i];
    }
  }
}

OpFactors elementwiseFactors(Operation* op) {
  FactorBuilder builder(op);
  Shape shape = builder.resultShape();
  for (auto [i, dim] : llvm::enumerate(shape)) {
    // A dim into which an operand may or may not stretch cannot be split: the parts' sizes would
    // not say whether it does.
    bool mayStretchHere = false;
    for (unsigned operand = 0; operand < op->getNumOperands(); ++operand) {
      const Shape from = builder.operandShape(operand);
      const size_t missing = shape.size() - from.size();
      mayStretchHere |= i >= missing && mayStretch(from[i - missing], dim);
    }
    builder.indexResult(
        i, builder.add(dim, mayStretchHere ? FactorKind::kWhole : FactorKind::kParallel));
  }
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    builder.broadcastOperand(i, shape, builder.resultFactors());
  }
  return builder.take();
}

OpFactors leafFactors(Operation* op) {
  FactorBuilder builder(op);
  for (auto [i, dim] : llvm::enumerate(builder.resultShape())) {
    builder.indexResult(i, builder.add(dim, FactorKind::kParallel));
  }
  return builder.take();
}

OpFactors wholeFactors(Operation* op) {
  FactorBuilder builder(op);
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    for (size_t dim = 0; dim < builder.operandShape(i).size(); ++dim)
      builder.wholeOperandDim(i, dim);
  }
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    for (size_t dim = 0; dim < builder.resultShape(i).size(); ++dim) builder.wholeResultDim(dim, i);
  }
  return builder.take();
}

}  // namespace mlc::graph
