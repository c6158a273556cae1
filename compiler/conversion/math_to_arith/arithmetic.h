// Arithmetic on scalars or vectors of f32 or f64, as the elementary functions are written in it.
//
// Nothing branches, so that loops around it vectorize. Rounding is that of the ops as they stand:
// sums of products are fused only where fma() says so, here and by the code generators.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace mlc::math_to_arith {

using mlir::Value;

// The unevaluated sum high + low, |low| <= half an ulp of high.
struct Pair {
  Value high, low;
};

class Arithmetic {
 public:
  // type: f32, f64, or a vector of them.
  Arithmetic(mlir::OpBuilder& builder, mlir::Location loc, mlir::Type type);

  bool isDouble() const { return isDouble_; }
  // The same shape in f64, and in f32.
  Arithmetic inDouble() const;
  Value toDouble(Value single);
  Value toSingle(Value wide);

  Value number(double value);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b);
  Value fma(Value a, Value b, Value c);
  Value neg(Value a);
  Value abs(Value a);
  Value sqrt(Value a);
  Value roundEven(Value a);
  Value floor(Value a);
  // The magnitude of a with the sign of b.
  Value copySign(Value a, Value b);

  // Comparisons are false where an operand is NaN.
  Value less(Value a, Value b);
  Value equal(Value a, Value b);
  Value isNan(Value a);
  Value both(Value a, Value b);
  Value not_(Value a);
  Value select(Value condition, Value a, Value b);
  // a, but no less than `low` and no more than `high`; NaN stays.
  Value atLeast(Value a, double low);
  Value atMost(Value a, double high);

  // c[0] + x (c[1] + x (c[2] + ...)).
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients);

  // a + b and a b without any error.
  Pair twoSum(Value a, Value b);
  Pair twoProduct(Value a, Value b);
  // The same for |a| >= |b|.
  Pair fastTwoSum(Value a, Value b);

  // Integers as wide as the numbers.
  Value integer(int64_t value);
  Value bits(Value number);
  Value fromBits(Value integer);
  Value addInt(Value a, Value b);
  Value subInt(Value a, Value b);
  Value mulInt(Value a, Value b);
  Value andInt(Value a, Value b);
  Value xorInt(Value a, Value b);
  Value shiftLeft(Value a, int64_t by);
  Value shiftRight(Value a, int64_t by);  // with copies of the sign
  Value lessInt(Value a, Value b);
  // Whether the integer has one of the bits of a mask.
  Value hasBits(Value a, int64_t mask);

  // The nearest integer to an |a| < 2^22 (f32) or 2^51 (f64), as a number and as an integer.
  struct Rounded {
    Value number, integer;
  };
  Rounded round(Value a) { return roundProduct(a, number(1)); }
  Rounded roundProduct(Value a, Value b);
  // A small integer as a number.
  Value toNumber(Value integer);
  // 2^n, a normal number.
  Value powerOfTwo(Value n);
  // 2^n in two factors, for |n| up to twice the exponents of normal numbers, and a number times it,
  // rounded once.
  struct Power {
    Value first, second;
  };
  Power anyPowerOfTwo(Value n);
  Value scale(Value a, Power power) { return mul(mul(a, power.first), power.second); }

  int64_t mantissaBits() const { return isDouble_ ? 52 : 23; }
  int64_t exponentBias() const { return isDouble_ ? 1023 : 127; }

 private:
  mlir::Type shaped(mlir::Type element) const;
  // Added to a number, leaves the nearest integer in the lowest bits of its mantissa.
  double roundingShift() const { return isDouble_ ? 0x1.8p52 : 0x1.8p23; }
  int64_t roundingShiftBits() const;

  mlir::OpBuilder& b_;
  mlir::Location loc_;
  mlir::Type type_, integerType_;
  bool isDouble_;
};

// f(a, x) computed in f64, for functions that are rare in f32.
template <typename F>
Value throughDouble(Arithmetic& a, Value x, F f) {
  if (a.isDouble()) return f(a, x);
  Arithmetic wide = a.inDouble();
  return a.toSingle(f(wide, a.toDouble(x)));
}

}  // namespace mlc::math_to_arith
