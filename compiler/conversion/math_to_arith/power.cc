// base^exponent = e^(exponent log|base|): for f32 in f64; for f64 with a logarithm of twice the
// precision (T. J. Dekker, A floating-point technique for extending the available precision, 1971).
#include <limits>

#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// log(x) for x >= 0, relative error about 2^-66.
Pair logPair(Arithmetic& a, Value x) {
  Value isTiny = a.less(x, a.number(0x1p-1022));
  Value raw = a.bits(a.select(isTiny, a.mul(x, a.number(0x1p54)), x));
  Value k = a.shiftRight(a.subInt(raw, a.integer(0x3fe6a09e667f3bcd)), 52);
  Value f = a.sub(a.fromBits(a.subInt(raw, a.shiftLeft(k, 52))), a.number(1));
  Value exponent = a.toNumber(k);
  exponent = a.select(isTiny, a.sub(exponent, a.number(54)), exponent);

  // s = f / (2 + f), z = s^2.
  Pair bottom = a.fastTwoSum(a.number(2), f);
  Pair s{a.div(f, bottom.high), {}};
  Value lost = a.fma(a.neg(s.high), bottom.low, a.fma(a.neg(s.high), bottom.high, f));
  s.low = a.div(lost, bottom.high);
  Pair z = a.twoProduct(s.high, s.high);
  z.low = a.fma(a.add(s.high, s.high), s.low, z.low);
  // log(1 + f) = s (2 + v), v = 2/3 z + z^2 t.
  Pair v = a.twoProduct(z.high, a.number(0x1.5555555555555p-1));
  v.low = a.add(v.low, a.fma(z.high, a.number(0x1.5555555555555p-55),
                             a.mul(z.low, a.number(0x1.5555555555555p-1))));
  Value t = a.polynomial(z.high, kLogTailF64);
  v = a.fastTwoSum(v.high, a.fma(a.mul(z.high, z.high), t, v.low));
  Pair w = a.twoProduct(s.high, v.high);
  w.low = a.add(w.low, a.fma(s.high, v.low, a.mul(s.low, v.high)));

  Pair sum = a.twoSum(a.mul(exponent, a.number(0x1.62e42fefa3800p-1)), a.add(s.high, s.high));
  Pair more = a.twoSum(sum.high, w.high);
  Value low = a.fma(exponent, a.number(0x1.ef35793c76730p-45),
                    a.add(a.add(sum.low, more.low), a.add(w.low, a.add(s.low, s.low))));
  Pair result = a.fastTwoSum(more.high, low);

  Value isFinite = a.less(x, a.number(kInfinity));
  result.high = a.select(isFinite, result.high, x);
  result.low = a.select(isFinite, result.low, a.number(0));
  result.high = a.select(a.equal(x, a.number(0)), a.number(-kInfinity), result.high);
  return result;
}

Value powerOfMagnitude(Arithmetic& a, Value size, Value exponent) {
  if (!a.isDouble()) {
    Arithmetic wide = a.inDouble();
    Value product = wide.mul(wide.toDouble(exponent), log(wide, wide.toDouble(size)));
    return a.toSingle(exp(wide, product));
  }
  Pair logarithm = logPair(a, size);
  Pair product = a.twoProduct(exponent, logarithm.high);
  product.low = a.fma(exponent, logarithm.low, product.low);
  Value isInside = a.less(a.abs(product.high), a.number(760));
  ScaledExponential e =
      scaledExp(a, boundExponent(a, product.high), a.select(isInside, product.low, a.number(0)));
  return a.scale(a.add(e.excess, a.number(1)), a.anyPowerOfTwo(e.exponent));
}

}  // namespace

Value pow(Arithmetic& a, Value base, Value exponent) {
  Value zero = a.number(0), one = a.number(1);
  Value size = a.abs(base);
  Value result = powerOfMagnitude(a, size, exponent);
  result = a.select(a.equal(size, one), one, result);  // to infinity, too

  Value isInteger = a.equal(a.floor(exponent), exponent);
  Value half = a.mul(exponent, a.number(0.5));
  Value isOdd = a.both(isInteger, a.not_(a.equal(a.floor(half), half)));
  result = a.select(isOdd, a.copySign(result, base), result);
  Value isNegative = a.both(a.less(base, zero), a.less(size, a.number(kInfinity)));
  Value isUndefined = a.both(isNegative, a.not_(isInteger));
  result = a.select(isUndefined, a.number(std::numeric_limits<double>::quiet_NaN()), result);
  // 1^NaN and NaN^0 are 1; other NaNs stay.
  result = a.select(a.isNan(exponent), exponent, result);
  result = a.select(a.equal(base, one), one, result);
  return a.select(a.equal(exponent, zero), one, result);
}

}  // namespace mlc::math_to_arith
