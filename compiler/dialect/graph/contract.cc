#include <map>

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {

Type contractElementType(Type lhs, Type rhs) {
  if (lhs.isInteger(8) && rhs.isInteger(8)) return IntegerType::get(lhs.getContext(), 32);
  return lhs == rhs && isa<FloatType>(lhs) ? lhs : Type();
}

MLC_INFER(ContractOp) {
  StatusOr<ContractEquation> equation = ContractEquation::parse(op.getEquation());
  if (!equation.ok()) return emitOptionalError(location, equation.status().message());
  Type elementType = contractElementType(elementTypeOf(op.getLhs()), elementTypeOf(op.getRhs()));
  if (!elementType) {
    return emitOptionalError(location, "cannot contract ", elementTypeOf(op.getLhs()), " with ",
                             elementTypeOf(op.getRhs()));
  }
  std::map<char, DimExpr> sizes;
  auto bind = [&](const std::string& letters, Value operand) -> LogicalResult {
    Shape shape = shapeOf(operand);
    if (shape.size() != letters.size()) {
      return emitOptionalError(location, "equation \"", op.getEquation(),
                               "\" for an operand of rank ", shape.size());
    }
    for (auto [letter, dim] : llvm::zip(letters, shape)) {
      auto [it, isNew] = sizes.try_emplace(letter, dim);
      if (isNew) continue;
      std::string what = "equation \"" + op.getEquation().str() + "\", letter '" + letter + "'";
      if (failed(checkEqual(location, what, it->second, dim))) return failure();
    }
    return success();
  };
  if (failed(bind(equation->lhs, op.getLhs())) || failed(bind(equation->rhs, op.getRhs())))
    return failure();
  Shape shape;
  for (char letter : equation->result) shape.push_back(sizes[letter]);
  return inferred(location, shape, elementType, types);
}

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

// Each point of the iteration space once; a multiply-add is two.
OpWork ContractOp::getWork() {
  DimExpr operations = 2;
  for (const Factor& factor : getFactors().factors) operations = operations * factor.size;
  return {operations, bytesMoved(*this)};
}

}  // namespace mlc::graph
