#include "compiler/conversion/elementwise_to_arith/small_float_to_arith.h"

#include <cmath>
#include <limits>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::conversion {
namespace {

namespace arith = mlir::arith;
namespace math = mlir::math;
using mlir::Type;
using mlir::Value;

// Arithmetic on the numbers of one float type and on integers of its width.
class Bits {
 public:
  // `like`: a scalar or vector of any type; `floating`: the float type to work in.
  Bits(mlir::OpBuilder& builder, mlir::Location loc, Value like, mlir::FloatType floating)
      : b_(builder), loc_(loc), like_(like.getType()), floating_(floating) {
    integer_ = builder.getIntegerType(floating.getWidth());
  }

  int mantissaBits() { return floating_.getFPMantissaWidth() - 1; }
  int bias() { return floating_.getWidth() == 64 ? 1023 : 127; }

  Value integer(int64_t value) {
    mlir::TypedAttr attribute = b_.getIntegerAttr(integer_, value);
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(shaped(integer_)))
      attribute = mlir::DenseElementsAttr::get(vector, attribute);
    return arith::ConstantOp::create(b_, loc_, attribute);
  }
  Value real(double value) { return constantLike(b_, loc_, shaped(floating_), value); }

  Value bitsOf(Value x) { return arith::BitcastOp::create(b_, loc_, shaped(integer_), x); }
  Value realOf(Value x) { return arith::BitcastOp::create(b_, loc_, shaped(floating_), x); }
  Value fromByte(Value x) { return arith::ExtUIOp::create(b_, loc_, shaped(integer_), x); }
  Value toByte(Value x) { return arith::TruncIOp::create(b_, loc_, shaped(b_.getI8Type()), x); }
  Value toReal(Value x) { return arith::SIToFPOp::create(b_, loc_, shaped(floating_), x); }
  Value toInteger(Value x) { return arith::FPToSIOp::create(b_, loc_, shaped(integer_), x); }

  Value band(Value a, Value c) { return arith::AndIOp::create(b_, loc_, a, c); }
  Value bor(Value a, Value c) { return arith::OrIOp::create(b_, loc_, a, c); }
  Value add(Value a, Value c) { return arith::AddIOp::create(b_, loc_, a, c); }
  Value sub(Value a, Value c) { return arith::SubIOp::create(b_, loc_, a, c); }
  Value left(Value a, int64_t bits) { return arith::ShLIOp::create(b_, loc_, a, integer(bits)); }
  Value right(Value a, int64_t bits) { return arith::ShRUIOp::create(b_, loc_, a, integer(bits)); }
  Value larger(Value a, Value c) { return arith::MaxSIOp::create(b_, loc_, a, c); }
  Value smaller(Value a, Value c) { return arith::MinSIOp::create(b_, loc_, a, c); }
  Value mul(Value a, Value c) { return arith::MulFOp::create(b_, loc_, a, c); }
  Value roundEven(Value a) { return math::RoundEvenOp::create(b_, loc_, a); }
  Value isEqual(Value a, Value c) {
    return arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::eq, a, c);
  }
  Value isGreater(Value a, Value c) {
    return arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::sgt, a, c);
  }
  Value select(Value condition, Value a, Value c) {
    return arith::SelectOp::create(b_, loc_, condition, a, c);
  }

  // 2^exponent, of an exponent between those of the normal numbers.
  Value power(Value exponent) {
    return realOf(left(add(exponent, integer(bias())), mantissaBits()));
  }

 private:
  Type shaped(Type element) {
    auto vector = mlir::dyn_cast<mlir::VectorType>(like_);
    return vector ? Type(vector.clone(element)) : element;
  }

  mlir::OpBuilder& b_;
  mlir::Location loc_;
  Type like_;
  mlir::FloatType floating_;
  Type integer_;
};

constexpr int kPowerBias = 127;

// The exponent is all there is; that of 2^-127 is the one of subnormal numbers.
Value decodePower(Bits& b, Value code) {
  Value smallest = b.integer(1 << (b.mantissaBits() - 1));
  Value number = b.select(b.isEqual(code, b.integer(0)), smallest, b.left(code, b.mantissaBits()));
  Value nan = b.integer(0x7fc00000);
  return b.realOf(b.select(b.isEqual(code, b.integer(0xff)), nan, number));
}

Value encodePower(Bits& b, Value magnitude, Conversion conversion) {
  const int mantissa = b.mantissaBits();
  const int64_t infinity = (int64_t{2} * b.bias() + 1) << mantissa;
  Value exponent = b.right(magnitude, mantissa);
  Value fraction = b.band(magnitude, b.integer((int64_t{1} << mantissa) - 1));
  // Subnormal numbers of f32 are 2^-126 * fraction: 2^-127 and less is the smallest code.
  const bool subnormals = b.bias() == kPowerBias;
  Value code = b.add(exponent, b.integer(kPowerBias - b.bias()));
  const int64_t half = int64_t{1} << (mantissa - 1);
  Value zero = b.integer(0), one = b.integer(1);
  Value up;
  switch (conversion.rounding) {
    case Conversion::Rounding::kUp: {
      Value above = b.isGreater(fraction, zero);
      if (subnormals) {
        above = b.isGreater(fraction, b.select(b.isEqual(code, zero), b.integer(half), zero));
      }
      up = b.select(above, one, zero);
      break;
    }
    case Conversion::Rounding::kDown:
      up = zero;
      break;
    case Conversion::Rounding::kNearest: {
      // Ties go up; between the two smallest codes, to the smallest.
      Value from = b.integer(half - 1);
      const int64_t tie = subnormals ? half + half / 2 : half;
      up = b.select(b.isGreater(fraction, b.select(b.isEqual(code, zero), b.integer(tie), from)),
                    one, zero);
      break;
    }
  }
  Value isBelow = b.isGreater(zero, code);
  code = b.larger(b.add(code, b.select(isBelow, zero, up)), zero);
  const int64_t smallestBits = subnormals ? half : int64_t{b.bias() - kPowerBias} << mantissa;
  if (conversion.saturate) {
    code = b.smaller(code, b.integer(0xfe));
  } else {
    code = b.smaller(code, b.integer(0xff));
    code = b.select(b.isGreater(b.integer(smallestBits), magnitude), b.integer(0xff), code);
  }
  return b.select(b.isGreater(magnitude, b.integer(infinity)), b.integer(0xff), code);
}

}  // namespace

bool isSmallFloatType(Type elementType) {
  return mlir::isa<mlir::FloatType>(elementType) && elementType.getIntOrFloatBitWidth() <= 8;
}

Value decodeSmallFloat(mlir::OpBuilder& builder, mlir::Location loc, Value bits, Type elementType) {
  Bits b(builder, loc, bits, builder.getF32Type());
  const DType type = graph::dtypeOf(elementType);
  Value code = b.fromByte(bits);
  if (type == DType::kF8E8M0) return decodePower(b, code);
  const SmallFloatFormat format = smallFloatFormat(type);
  const int shift = b.mantissaBits() - format.mantissaBits;
  Value magnitude = b.band(code, b.integer(format.signBit - 1));
  Value sign = b.left(b.band(code, b.integer(format.signBit)), format.signBit == 0x80 ? 24 : 28);
  // A subnormal number is a count of the smallest one.
  Value subnormal = b.bitsOf(
      b.mul(b.toReal(magnitude), b.real(std::ldexp(1.0, 1 - format.bias - format.mantissaBits))));
  Value normal = b.add(b.left(magnitude, shift),
                       b.integer(int64_t{b.bias() - format.bias} << b.mantissaBits()));
  Value number =
      b.select(b.isGreater(b.integer(1 << format.mantissaBits), magnitude), subnormal, normal);
  if (format.largest != format.signBit - 1) {
    Value other = b.integer(0x7fc00000);
    if (format.infinity != 0) {
      other =
          b.select(b.isEqual(magnitude, b.integer(format.infinity)), b.integer(0x7f800000), other);
    }
    number = b.select(b.isGreater(magnitude, b.integer(format.largest)), other, number);
  }
  number = b.bor(number, sign);
  if (!format.hasNegativeZero())
    number = b.select(b.isEqual(code, b.integer(format.nan)), b.integer(0x7fc00000), number);
  return b.realOf(number);
}

Value encodeSmallFloat(mlir::OpBuilder& builder, mlir::Location loc, Value value, Type elementType,
                       Conversion conversion) {
  auto floating = mlir::cast<mlir::FloatType>(mlir::getElementTypeOrSelf(value.getType()));
  Bits b(builder, loc, value, floating);
  const DType type = graph::dtypeOf(elementType);
  const int width = static_cast<int>(floating.getWidth());
  const int64_t signBit =
      width == 64 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int32_t>::min();
  Value bits = b.bitsOf(value);
  Value magnitude = b.band(bits, b.integer(~signBit));
  if (type == DType::kF8E8M0) return b.toByte(encodePower(b, magnitude, conversion));
  const SmallFloatFormat format = smallFloatFormat(type);
  // In units of the last place; subnormals have that of the smallest normal number. Numbers beyond
  // all of the type are replaced by one such, so that the integers below are small.
  const int smallest = 1 - format.bias;
  // An exponent, counted from `smallest`.
  const int beyond = (format.largest >> format.mantissaBits) + 2;
  Value exponent = b.sub(b.right(magnitude, b.mantissaBits()), b.integer(b.bias() + smallest));
  Value isBeyond = b.isGreater(exponent, b.integer(beyond));
  Value steps = b.smaller(b.larger(exponent, b.integer(0)), b.integer(beyond));
  Value finite = b.realOf(b.select(isBeyond, b.integer(0), magnitude));
  Value unit = b.power(b.sub(b.integer(format.mantissaBits - smallest), steps));
  Value units = b.toInteger(b.roundEven(b.mul(finite, unit)));
  Value code = b.add(b.left(steps, format.mantissaBits), units);
  const int64_t other = conversion.saturate || type == DType::kF4E2M1 ? format.largest
                        : format.infinity != 0                        ? format.infinity
                                                                      : format.nan;
  code = b.select(b.isGreater(code, b.integer(format.largest)), b.integer(other), code);
  const int64_t infinity = (int64_t{2} * b.bias() + 1) << b.mantissaBits();
  Value isNaN = b.isGreater(magnitude, b.integer(infinity));
  if (format.hasNegativeZero())
    code = b.select(isNaN, b.integer(format.nan == 0 ? format.signBit : format.nan), code);
  Value sign = b.right(b.band(bits, b.integer(signBit)), width - (format.signBit == 0x80 ? 8 : 4));
  Value whole = b.bor(code, sign);
  if (!format.hasNegativeZero()) {
    // Neither zero nor NaN has a sign.
    whole = b.select(b.isEqual(code, b.integer(0)), code, whole);
    whole = b.select(isNaN, b.integer(format.nan), whole);
  }
  return b.toByte(whole);
}

}  // namespace mlc::conversion
