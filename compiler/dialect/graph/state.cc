#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {

LogicalResult StateOp::verify() {
  if (getName().empty()) return emitOpError("needs a name");
  const Shape shape = shapeOf(getResult());
  if (shape.empty() || shape[0].symbolName().empty())
    return emitOpError("needs a symbol as dim 0, its length, has ") << getType();
  if (getNext().getExprs().size() != 1 || getNext().getExprs()[0].empty())
    return emitOpError("needs one expression for the length after a run");
  return success();
}

MLC_INFER(AppendOp) {
  Shape shape = shapeOf(op.getState()), update = shapeOf(op.getUpdate());
  if (shape.empty() || update.size() != shape.size()) {
    return emitOptionalError(location, "appends a tensor of rank ", update.size(),
                             " to a state of rank ", shape.size());
  }
  if (failed(checkSameElementType(location, op.getState(), op.getUpdate()))) return failure();
  for (size_t i = 1; i < shape.size(); ++i) {
    if (failed(checkEqual(location, "dim " + std::to_string(i), shape[i], update[i])))
      return failure();
  }
  shape[0] = shape[0] + update[0];
  return inferred(location, shape, elementTypeOf(op.getState()), types);
}

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

// Copies what is new.
OpWork AppendOp::getWork() {
  return {elementCount(shapeOf(getUpdate())), bytesOf(getUpdate()) * 2};
}

}  // namespace mlc::graph
