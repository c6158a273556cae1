// graph.cast on scalars or vectors.
#include <limits>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::conversion {
namespace {

namespace arith = mlir::arith;
using mlir::Type;
using mlir::Value;

// A float to an integer: truncates, saturates at the type's ends, NaN is zero (what LLVM's
// saturating conversion does).
Value floatToInteger(mlir::OpBuilder& builder, mlir::Location loc, Value value, Type type,
                     bool isUnsigned) {
  Type element = mlir::getElementTypeOrSelf(type);
  const unsigned width = element.getIntOrFloatBitWidth();
  // Bounds that the float type represents: at and beyond them the result is the end of the range.
  const double low = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  const double high = std::ldexp(1.0, isUnsigned ? width : width - 1);
  Value converted = isUnsigned ? Value(arith::FPToUIOp::create(builder, loc, type, value))
                               : Value(arith::FPToSIOp::create(builder, loc, type, value));
  auto end = [&](const llvm::APInt& bits) -> Value {
    mlir::TypedAttr attribute = builder.getIntegerAttr(element, bits);
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type)) {
      attribute = mlir::DenseElementsAttr::get(vector, attribute);
    }
    return arith::ConstantOp::create(builder, loc, attribute);
  };
  auto select = [&](arith::CmpFPredicate predicate, Value bound, Value inside, Value otherwise) {
    Value holds = arith::CmpFOp::create(builder, loc, predicate, value, bound);
    return Value(arith::SelectOp::create(builder, loc, holds, inside, otherwise));
  };
  Value lowBound = constantLike(builder, loc, value.getType(), low);
  Value highBound = constantLike(builder, loc, value.getType(), high);
  Value result =
      select(arith::CmpFPredicate::OLT, lowBound,
             end(isUnsigned ? llvm::APInt::getZero(width) : llvm::APInt::getSignedMinValue(width)),
             converted);
  result = select(
      arith::CmpFPredicate::OGE, highBound,
      end(isUnsigned ? llvm::APInt::getMaxValue(width) : llvm::APInt::getSignedMaxValue(width)),
      result);
  Value nan = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, value, value);
  return arith::SelectOp::create(builder, loc, nan, constantLike(builder, loc, type, 0), result);
}

}  // namespace

Value emitCast(mlir::OpBuilder& builder, mlir::Location loc, Value value, Type from, Type to) {
  Type source = mlir::getElementTypeOrSelf(value.getType());
  Type element = computeType(to);
  Type target = element;
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(value.getType())) {
    target = vector.clone(element);
  }
  const bool fromUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (to.isInteger(1)) {
    if (from.isInteger(1)) return value;
    Value zero = constantLike(builder, loc, value.getType(), 0);
    if (mlir::isa<mlir::FloatType>(source)) {
      return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, value, zero);
    }
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, value, zero);
  }
  if (auto floating = mlir::dyn_cast<mlir::FloatType>(element)) {
    if (mlir::isa<mlir::IntegerType>(source)) {
      if (fromUnsigned) return arith::UIToFPOp::create(builder, loc, target, value);
      return arith::SIToFPOp::create(builder, loc, target, value);
    }
    const unsigned have = source.getIntOrFloatBitWidth(), want = floating.getWidth();
    if (want > have) return arith::ExtFOp::create(builder, loc, target, value);
    if (want < have) return arith::TruncFOp::create(builder, loc, target, value);
    return value;
  }
  if (mlir::isa<mlir::FloatType>(source)) {
    return floatToInteger(builder, loc, value, target, to.isUnsignedInteger());
  }
  const unsigned have = source.getIntOrFloatBitWidth(), want = element.getIntOrFloatBitWidth();
  if (want > have) {
    if (fromUnsigned) return arith::ExtUIOp::create(builder, loc, target, value);
    return arith::ExtSIOp::create(builder, loc, target, value);
  }
  if (want < have) return arith::TruncIOp::create(builder, loc, target, value);
  return value;
}

}  // namespace mlc::conversion
