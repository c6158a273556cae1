#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

OpFactors ContractOp::getFactors() {
  ContractEquation equation = *ContractEquation::parse(getEquation());
  FactorBuilder builder(*this);
  Shape lhs = shapeOf(getLhs()), rhs = shapeOf(getRhs());
  for (char letter : equation.letters()) {
    bool inLhs = equation.inLhs(letter), inRhs = equation.inRhs(letter);
    DimExpr size = inLhs ? lhs[equation.lhs.find(letter)] : rhs[equation.rhs.find(letter)];
    int factor = builder.add(
        size, equation.inResult(letter) ? FactorKind::kParallel : FactorKind::kReduceSum);
    if (inLhs) builder.indexOperand(0, equation.lhs.find(letter), factor);
    if (inRhs) builder.indexOperand(1, equation.rhs.find(letter), factor);
    if (equation.inResult(letter)) builder.indexResult(equation.result.find(letter), factor);
  }
  return builder.take();
}

}  // namespace mlc::graph
