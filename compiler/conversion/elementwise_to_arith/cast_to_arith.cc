// graph.cast on scalars or vectors.
#include <limits>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
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

// f64 to f32 towards the odd one of two neighbours, which keeps what decides the next rounding: to
// f16 or bf16, where rounding to nearest twice is not rounding once (Boldo and Melquiond, "When
// double rounding is odd").
Value roundToOdd(mlir::OpBuilder& builder, mlir::Location loc, Value value) {
  auto like = [&](Type element) -> Type {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(value.getType()))
      return vector.clone(element);
    return element;
  };
  const Type integers = like(builder.getI32Type()), floats = like(builder.getF32Type());
  Value nearest = arith::TruncFOp::create(builder, loc, floats, value);
  Value back = arith::ExtFOp::create(builder, loc, value.getType(), nearest);
  Value bits = arith::BitcastOp::create(builder, loc, integers, nearest);
  Value one = constantLike(builder, loc, integers, 1);
  Value grew = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT,
                                     mlir::math::AbsFOp::create(builder, loc, back),
                                     mlir::math::AbsFOp::create(builder, loc, value));
  Value towardsZero = arith::SelectOp::create(
      builder, loc, grew, Value(arith::SubIOp::create(builder, loc, bits, one)), bits);
  Value odd = arith::OrIOp::create(builder, loc, towardsZero, one);
  Value inexact = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ONE, back, value);
  Value chosen = arith::SelectOp::create(builder, loc, inexact, odd, bits);
  return arith::BitcastOp::create(builder, loc, floats, chosen);
}

// 64-bit integers beyond 2^53 with what f64 cannot hold gathered in one bit, so that f64 holds them
// and the next rounding is right.
Value fitsF64(mlir::OpBuilder& builder, mlir::Location loc, Value value, bool isUnsigned) {
  auto constant = [&](double number) {
    return constantLike(builder, loc, value.getType(), number);
  };
  auto both = [&](Value a, Value b) { return Value(arith::AndIOp::create(builder, loc, a, b)); };
  Value rest = both(value, constant(0xfff));
  Value isExact = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, rest, constant(0));
  Value gathered =
      arith::OrIOp::create(builder, loc, both(value, constant(-0x1000)), constant(0x800));
  Value shifted = value;
  if (!isUnsigned) shifted = arith::AddIOp::create(builder, loc, value, constant(0x1p53));
  Value isSmall = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, shifted,
                                        constant(isUnsigned ? 0x1p53 : 0x1p54));
  Value keep = arith::OrIOp::create(builder, loc, isExact, isSmall);
  return arith::SelectOp::create(builder, loc, keep, value, gathered);
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
    const bool narrow = to.isF16() || to.isBF16();
    if (mlir::isa<mlir::IntegerType>(source)) {
      const unsigned bits = source.getIntOrFloatBitWidth();
      if (narrow && bits > 16) {
        if (bits == 64) value = fitsF64(builder, loc, value, fromUnsigned);
        Value real = emitCast(builder, loc, value, from, builder.getF64Type());
        return roundToOdd(builder, loc, real);
      }
      if (fromUnsigned) return arith::UIToFPOp::create(builder, loc, target, value);
      return arith::SIToFPOp::create(builder, loc, target, value);
    }
    const unsigned have = source.getIntOrFloatBitWidth(), want = floating.getWidth();
    if (want > have) return arith::ExtFOp::create(builder, loc, target, value);
    if (want < have && narrow) return roundToOdd(builder, loc, value);
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
