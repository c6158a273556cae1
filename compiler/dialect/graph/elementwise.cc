#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

LogicalResult checkElements(std::optional<Location> location, Value value, Elements elements) {
  Type type = elementTypeOf(value);
  switch (elements) {
    case Elements::kAny:
      return success();
    case Elements::kFloats:
      if (isa<FloatType>(type)) return success();
      return emitOptionalError(location, "needs a floating-point operand, has ", type);
    case Elements::kNumbers:
      if (type.isIntOrFloat() && !type.isInteger(1)) return success();
      return emitOptionalError(location, "needs a number, has ", type);
    case Elements::kIntegers:
      if (isa<IntegerType>(type)) return success();
      return emitOptionalError(location, "needs an integer or bool operand, has ", type);
  }
  llvm_unreachable("all kinds are listed");
}

}  // namespace

LogicalResult inferElementwise(std::optional<Location> location, ValueRange operands,
                               Elements elements, bool givesBools, SmallVectorImpl<Type>& types) {
  Value first = operands.front();
  for (Value operand : operands.drop_front()) {
    if (failed(checkSameElementType(location, first, operand))) return failure();
  }
  if (failed(checkElements(location, first, elements))) return failure();
  if (operands.size() == 1 && !givesBools) {
    types.push_back(first.getType());
    return success();
  }
  Shape shape = shapeOf(first);
  for (Value operand : operands.drop_front()) {
    if (failed(broadcast(location, shape, shapeOf(operand)))) return failure();
  }
  return inferred(location, shape,
                  givesBools ? IntegerType::get(first.getContext(), 1) : elementTypeOf(first),
                  types);
}

MLC_INFER(SelectOp) {
  if (!elementTypeOf(op.getCondition()).isInteger(1)) {
    return emitOptionalError(location, "the condition must be bool, is ",
                             elementTypeOf(op.getCondition()));
  }
  if (failed(checkSameElementType(location, op.getOnTrue(), op.getOnFalse()))) return failure();
  Shape shape = shapeOf(op.getCondition());
  if (failed(broadcast(location, shape, shapeOf(op.getOnTrue()))) ||
      failed(broadcast(location, shape, shapeOf(op.getOnFalse())))) {
    return failure();
  }
  return inferred(location, shape, elementTypeOf(op.getOnTrue()), types);
}

LogicalResult CastOp::verify() {
  if (shapeOf(getInput()) == shapeOf(getResult())) return success();
  return emitOpError("changes the shape from ") << getInput().getType() << " to " << getType();
}

}  // namespace mlc::graph
