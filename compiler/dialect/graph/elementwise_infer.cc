#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

enum class Domain { kAny, kFloat, kNumber, kInteger };

LogicalResult checkDomain(std::optional<Location> location, Value value, Domain domain) {
  Type type = elementTypeOf(value);
  switch (domain) {
    case Domain::kAny:
      return success();
    case Domain::kFloat:
      if (isa<FloatType>(type)) return success();
      return emitOptionalError(location, "needs a floating-point operand, has ", type);
    case Domain::kNumber:
      if (type.isIntOrFloat() && !type.isInteger(1)) return success();
      return emitOptionalError(location, "needs a number, has ", type);
    case Domain::kInteger:
      if (isa<IntegerType>(type)) return success();
      return emitOptionalError(location, "needs an integer or bool operand, has ", type);
  }
  llvm_unreachable("all domains are listed");
}

LogicalResult inferUnary(std::optional<Location> location, Value input, Domain domain,
                         SmallVectorImpl<Type>& types) {
  if (failed(checkDomain(location, input, domain))) return failure();
  types.push_back(input.getType());
  return success();
}

LogicalResult inferBinary(std::optional<Location> location, Value lhs, Value rhs, Domain domain,
                          SmallVectorImpl<Type>& types) {
  if (failed(checkSameElementType(location, lhs, rhs)) ||
      failed(checkDomain(location, lhs, domain))) {
    return failure();
  }
  Shape shape = shapeOf(lhs);
  if (failed(broadcast(location, shape, shapeOf(rhs)))) return failure();
  return inferred(location, shape, elementTypeOf(lhs), types);
}

LogicalResult inferTest(std::optional<Location> location, Value input,
                        SmallVectorImpl<Type>& types) {
  if (failed(checkDomain(location, input, Domain::kFloat))) return failure();
  types.push_back(tensorType(shapeOf(input), IntegerType::get(input.getContext(), 1)));
  return success();
}

}  // namespace

#define MLC_UNARY(OpName, domain) \
  MLC_INFER(OpName) { return inferUnary(location, op.getInput(), Domain::domain, types); }
#define MLC_BINARY(OpName, domain)                                                 \
  MLC_INFER(OpName) {                                                              \
    return inferBinary(location, op.getLhs(), op.getRhs(), Domain::domain, types); \
  }

MLC_UNARY(AbsOp, kNumber)
MLC_UNARY(NegOp, kNumber)
MLC_UNARY(SignOp, kNumber)
MLC_UNARY(ExpOp, kFloat)
MLC_UNARY(Expm1Op, kFloat)
MLC_UNARY(LogOp, kFloat)
MLC_UNARY(SqrtOp, kFloat)
MLC_UNARY(RsqrtOp, kFloat)
MLC_UNARY(ReciprocalOp, kFloat)
MLC_UNARY(TanhOp, kFloat)
MLC_UNARY(ErfOp, kFloat)
MLC_UNARY(SigmoidOp, kFloat)
MLC_UNARY(ReluOp, kNumber)
MLC_UNARY(SiluOp, kFloat)
MLC_UNARY(SoftplusOp, kFloat)
MLC_UNARY(MishOp, kFloat)
MLC_UNARY(SinOp, kFloat)
MLC_UNARY(CosOp, kFloat)
MLC_UNARY(TanOp, kFloat)
MLC_UNARY(AsinOp, kFloat)
MLC_UNARY(AcosOp, kFloat)
MLC_UNARY(AtanOp, kFloat)
MLC_UNARY(SinhOp, kFloat)
MLC_UNARY(CoshOp, kFloat)
MLC_UNARY(AsinhOp, kFloat)
MLC_UNARY(AcoshOp, kFloat)
MLC_UNARY(AtanhOp, kFloat)
MLC_UNARY(CeilOp, kFloat)
MLC_UNARY(FloorOp, kFloat)
MLC_UNARY(RoundOp, kFloat)
MLC_UNARY(NotOp, kInteger)
MLC_UNARY(GeluOp, kFloat)
MLC_BINARY(AddOp, kNumber)
MLC_BINARY(SubOp, kNumber)
MLC_BINARY(MulOp, kNumber)
MLC_BINARY(DivOp, kNumber)
MLC_BINARY(PowOp, kNumber)
MLC_BINARY(MaxOp, kNumber)
MLC_BINARY(MinOp, kNumber)
MLC_BINARY(ModOp, kNumber)
MLC_BINARY(AndOp, kInteger)
MLC_BINARY(OrOp, kInteger)
MLC_BINARY(XorOp, kInteger)

#undef MLC_UNARY
#undef MLC_BINARY

MLC_INFER(IsNanOp) { return inferTest(location, op.getInput(), types); }
MLC_INFER(IsInfOp) { return inferTest(location, op.getInput(), types); }

MLC_INFER(CompareOp) {
  if (failed(checkSameElementType(location, op.getLhs(), op.getRhs()))) return failure();
  Shape shape = shapeOf(op.getLhs());
  if (failed(broadcast(location, shape, shapeOf(op.getRhs())))) return failure();
  return inferred(location, shape, IntegerType::get(op.getLhs().getContext(), 1), types);
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
