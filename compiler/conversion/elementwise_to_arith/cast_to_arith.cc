// graph.cast on scalars or vectors.
#include <limits>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/conversion/elementwise_to_arith/small_float_to_arith.h"
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

// To an integer of less than a byte: to i32, and the low bits of that; or saturated.
Value castToPacked(mlir::OpBuilder& builder, mlir::Location loc, Value value, Type from, Type to,
                   Conversion conversion) {
  Type i32 = builder.getI32Type();
  if (mlir::isa<mlir::FloatType>(from)) {
    value = emitCast(builder, loc, value, from, i32);
    if (conversion.saturate) {
      const unsigned width = to.getIntOrFloatBitWidth();
      const double low = to.isUnsignedInteger() ? 0 : -std::ldexp(1.0, width - 1);
      const double high = low + std::ldexp(1.0, width) - 1;
      value = arith::MaxSIOp::create(builder, loc, value,
                                     constantLike(builder, loc, value.getType(), low));
      value = arith::MinSIOp::create(builder, loc, value,
                                     constantLike(builder, loc, value.getType(), high));
    }
    from = i32;
  }
  return keepLowBits(builder, loc, emitCast(builder, loc, value, from, builder.getI8Type()), to);
}

}  // namespace

Value keepLowBits(mlir::OpBuilder& builder, mlir::Location loc, Value bytes, Type elementType) {
  const unsigned width = elementType.getIntOrFloatBitWidth();
  Value unused = constantLike(builder, loc, bytes.getType(), 8 - width);
  Value top = arith::ShLIOp::create(builder, loc, bytes, unused);
  if (elementType.isUnsignedInteger()) return arith::ShRUIOp::create(builder, loc, top, unused);
  return arith::ShRSIOp::create(builder, loc, top, unused);
}

Value emitCast(mlir::OpBuilder& builder, mlir::Location loc, Value value, Type from, Type to,
               Conversion conversion) {
  // Values are of the narrow type already, in the type that holds them.
  if (from == to) return value;
  if (isPackedType(to) && mlir::isa<mlir::IntegerType>(to))
    return castToPacked(builder, loc, value, from, to, conversion);
  if (isSmallFloatType(to)) {
    // Numbers of 32 bits and more of an integer are not all in f32: rounded once.
    if (mlir::isa<mlir::IntegerType>(from)) {
      value = emitCast(builder, loc, value, from,
                       from.getIntOrFloatBitWidth() < 32 ? Type(builder.getF32Type())
                                                         : Type(builder.getF64Type()));
    }
    Value bits = encodeSmallFloat(builder, loc, value, to, conversion);
    return decodeSmallFloat(builder, loc, bits, to);
  }
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
