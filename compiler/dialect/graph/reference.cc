#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

Type i64Of(MLIRContext* context) { return IntegerType::get(context, 64); }

bool isNumber(Type type) { return isa<FloatType, IntegerType>(type); }

LogicalResult inferScalar(Type element, SmallVectorImpl<Type>& types) {
  types.push_back(RankedTensorType::get({}, element));
  return success();
}

// What a sequence holds; null, and an error, where the value is none.
Type heldBySequence(std::optional<Location> location, Value value) {
  auto type = dyn_cast<SequenceType>(elementTypeOf(value));
  if (type && rankOf(value) == 0) return type.getHeld();
  (void)emitOptionalError(location, "needs a sequence, has ", value.getType());
  return {};
}

Type heldByOptional(std::optional<Location> location, Value value) {
  auto type = dyn_cast<OptionalType>(elementTypeOf(value));
  if (type && rankOf(value) == 0) return type.getHeld();
  (void)emitOptionalError(location, "needs an optional, has ", value.getType());
  return {};
}

LogicalResult checkHolds(std::optional<Location> location, Type held, Value tensor) {
  if (elementTypeOf(tensor) == held) return success();
  return emitOptionalError(location, "holds ", held, ", but is given ", tensor.getType());
}

LogicalResult checkPosition(std::optional<Location> location, Value position) {
  if (!position || (rankOf(position) == 0 && elementTypeOf(position).isInteger(64)))
    return success();
  return emitOptionalError(location, "needs a scalar i64 as position");
}

LogicalResult checkStrings(std::optional<Location> location, Value value) {
  if (isa<StringType>(elementTypeOf(value))) return success();
  return emitOptionalError(location, "needs strings, has ", value.getType());
}

LogicalResult inferOptional(Type held, SmallVectorImpl<Type>& types) {
  return inferScalar(OptionalType::get(held.getContext(), held), types);
}

}  // namespace

LogicalResult SequenceType::verify(function_ref<InFlightDiagnostic()> emitError, Type held) {
  if (isNumber(held) || isa<StringType>(held)) return success();
  return emitError() << "a sequence holds tensors of numbers or strings, not of " << held;
}

LogicalResult OptionalType::verify(function_ref<InFlightDiagnostic()> emitError, Type held) {
  if (isNumber(held) || isa<StringType, SequenceType>(held)) return success();
  return emitError() << "an optional holds tensors of numbers or strings, or a sequence, not "
                     << held;
}

LogicalResult StringsOp::verify() {
  if (!isa<StringType>(getResult().getType().getElementType()))
    return emitOpError("gives strings, not ") << getType();
  const std::optional<int64_t> count = elementCount(shapeOf(getResult())).constant();
  if (count == static_cast<int64_t>(getTexts().size())) return success();
  return emitOpError("has ") << getTexts().size() << " strings for " << getType();
}

MLC_INFER(StringConcatOp) {
  if (failed(checkStrings(location, op.getLhs())) || failed(checkStrings(location, op.getRhs())))
    return failure();
  if (op.getLhs().getType() != op.getRhs().getType()) {
    return emitOptionalError(location, "has strings of ", op.getLhs().getType(), " and ",
                             op.getRhs().getType());
  }
  types.push_back(op.getLhs().getType());
  return success();
}

MLC_INFER(StringSplitOp) {
  if (failed(checkStrings(location, op.getInput())) ||
      failed(checkStrings(location, op.getDelimiter())))
    return failure();
  if (rankOf(op.getDelimiter()) != 0)
    return emitOptionalError(location, "needs a scalar as delimiter");
  Type string = elementTypeOf(op.getInput());
  if (failed(inferOptional(string, types))) return failure();
  return inferred(location, shapeOf(op.getInput()), i64Of(string.getContext()), types);
}

MLC_INFER(StringNormalizeOp) {
  if (failed(checkStrings(location, op.getInput())) ||
      failed(checkStrings(location, op.getStopwords())))
    return failure();
  const Shape shape = shapeOf(op.getInput());
  if (shape.size() != 1 && !(shape.size() == 2 && shape[0].constant() == 1))
    return emitOptionalError(location, "needs strings of [n] or [1, n], has ",
                             op.getInput().getType());
  if (rankOf(op.getStopwords()) != 1)
    return emitOptionalError(location, "needs a vector of stopwords");
  return inferOptional(elementTypeOf(op.getInput()), types);
}

LogicalResult SequenceOfOp::verify() {
  Type held = heldBySequence(getLoc(), getResult());
  if (!held) return failure();
  for (Value tensor : getTensors()) {
    if (failed(checkHolds(getLoc(), held, tensor))) return failure();
  }
  return success();
}

MLC_INFER(SequenceInsertOp) {
  Type held = heldBySequence(location, op.getSequence());
  if (!held || failed(checkHolds(location, held, op.getTensor())) ||
      failed(checkPosition(location, op.getPosition())))
    return failure();
  types.push_back(op.getSequence().getType());
  return success();
}

MLC_INFER(SequenceEraseOp) {
  if (!heldBySequence(location, op.getSequence()) ||
      failed(checkPosition(location, op.getPosition())))
    return failure();
  types.push_back(op.getSequence().getType());
  return success();
}

MLC_INFER(SequenceAtOp) {
  Type held = heldBySequence(location, op.getSequence());
  if (!held || failed(checkPosition(location, op.getPosition()))) return failure();
  return inferOptional(held, types);
}

MLC_INFER(SequenceLengthOp) {
  if (!heldBySequence(location, op.getSequence())) return failure();
  return inferScalar(i64Of(op.getSequence().getContext()), types);
}

MLC_INFER(SplitToSequenceOp) {
  if (failed(checkAxis(location, op.getAxis(), rankOf(op.getInput())))) return failure();
  if (rankOf(op.getSizes()) > 1 || !elementTypeOf(op.getSizes()).isInteger(64))
    return emitOptionalError(location, "needs sizes of i64, a scalar or a vector");
  Type held = elementTypeOf(op.getInput());
  if (!isNumber(held) && !isa<StringType>(held))
    return emitOptionalError(location, "cannot split ", op.getInput().getType());
  return inferScalar(SequenceType::get(held.getContext(), held), types);
}

MLC_INFER(ConcatFromSequenceOp) {
  Type held = heldBySequence(location, op.getSequence());
  return held ? inferOptional(held, types) : failure();
}

LogicalResult OptionalOfOp::verify() {
  Type held = heldByOptional(getLoc(), getResult());
  return success(held && (!getTensor() || succeeded(checkHolds(getLoc(), held, getTensor()))));
}

MLC_INFER(OptionalHasOp) {
  if (!heldByOptional(location, op.getOptional())) return failure();
  return inferScalar(IntegerType::get(op.getOptional().getContext(), 1), types);
}

MLC_INFER(OptionalShapeOp) {
  if (!heldByOptional(location, op.getOptional())) return failure();
  if (static_cast<int64_t>(op.getRank()) < 0)
    return emitOptionalError(location, "has a rank of ", op.getRank());
  return inferred(location, DimExpr(static_cast<int64_t>(op.getRank())),
                  i64Of(op.getOptional().getContext()), types);
}

LogicalResult OptionalGetOp::verify() {
  Type held = heldByOptional(getLoc(), getOptional());
  return success(held && succeeded(checkHolds(getLoc(), held, getResult())));
}

// The texts go to the function by address (host_to_llvm/library_emitter.cc).
SmallVector<int64_t> StringsOp::libraryAttributes() { return {}; }
SmallVector<int64_t> StringConcatOp::libraryAttributes() { return {}; }
SmallVector<int64_t> StringSplitOp::libraryAttributes() {
  return {static_cast<int64_t>(getAtMost())};
}
SmallVector<int64_t> StringNormalizeOp::libraryAttributes() {
  return {static_cast<int64_t>(getLetterCase()), getCaseSensitive()};
}
SmallVector<int64_t> SequenceOfOp::libraryAttributes() { return {}; }
SmallVector<int64_t> SequenceInsertOp::libraryAttributes() { return {}; }
SmallVector<int64_t> SequenceEraseOp::libraryAttributes() { return {}; }
SmallVector<int64_t> SequenceAtOp::libraryAttributes() { return {}; }
SmallVector<int64_t> SequenceLengthOp::libraryAttributes() { return {}; }
SmallVector<int64_t> SplitToSequenceOp::libraryAttributes() {
  return {static_cast<int64_t>(getAxis()), getDropsDim()};
}
SmallVector<int64_t> ConcatFromSequenceOp::libraryAttributes() {
  return {static_cast<int64_t>(getAxis()), getStacks()};
}
SmallVector<int64_t> OptionalOfOp::libraryAttributes() { return {}; }
SmallVector<int64_t> OptionalHasOp::libraryAttributes() { return {}; }
SmallVector<int64_t> OptionalShapeOp::libraryAttributes() { return {}; }
SmallVector<int64_t> OptionalGetOp::libraryAttributes() { return {}; }

}  // namespace mlc::graph
