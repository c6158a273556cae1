// log(x) for x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)], through s = f / (2 + f) and the series
// of log((1 + s) / (1 - s)). f - (f^2 / 2 - ...) adds last what is exact, and largest: the order of
// K. C. Ng's fdlibm, 1993.
#include <limits>

#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Reduced {
  Value exponent;  // k, a number
  Value fraction;  // f
};

// Of normal x > 0.
Reduced reduce(Arithmetic& a, Value x) {
  Value raw = a.bits(x);
  // Shifted so that the exponent changes at sqrt(1/2).
  Value shifted = a.subInt(raw, a.integer(a.isDouble() ? 0x3fe6a09e667f3bcd : int64_t{0x3f3504f3}));
  Value k = a.shiftRight(shifted, a.mantissaBits());
  Value mantissa = a.fromBits(a.subInt(raw, a.shiftLeft(k, a.mantissaBits())));
  return {a.toNumber(k), a.sub(mantissa, a.number(1))};
}

// k ln(2) + log(1 + f) + correction.
Value logOf(Arithmetic& a, Reduced x, Value correction) {
  const bool wide = a.isDouble();
  Value f = x.fraction, s = a.div(f, a.add(f, a.number(2))), z = a.mul(s, s);
  Value r = a.mul(z, wide ? a.polynomial(z, kLogF64) : a.polynomial(z, kLogF32));
  Value halfSquare = a.mul(a.mul(f, f), a.number(0.5));
  Value low = a.mul(x.exponent, a.number(wide ? 0x1.ef35793c76730p-45 : 0x1.7f7d1cp-20));
  if (correction) low = a.add(low, correction);
  Value rest = a.sub(halfSquare, a.fma(s, a.add(halfSquare, r), low));
  return a.fma(x.exponent, a.number(wide ? 0x1.62e42fefa3800p-1 : 0x1.62e400p-1), a.sub(f, rest));
}

}  // namespace

Value log(Arithmetic& a, Value x) {
  const double smallestNormal = a.isDouble() ? 0x1p-1022 : 0x1p-126;
  const double power = a.isDouble() ? 54 : 25;
  Value isTiny = a.less(x, a.number(smallestNormal));
  Value scaled = a.select(isTiny, a.mul(x, a.number(a.isDouble() ? 0x1p54 : 0x1p25)), x);
  Reduced reduced = reduce(a, scaled);
  reduced.exponent = a.select(isTiny, a.sub(reduced.exponent, a.number(power)), reduced.exponent);
  Value result = logOf(a, reduced, {});
  result = a.select(a.less(x, a.number(kInfinity)), result, x);
  result = a.select(a.equal(x, a.number(0)), a.number(-kInfinity), result);
  return a.select(a.less(x, a.number(0)), a.number(std::numeric_limits<double>::quiet_NaN()),
                  result);
}

Value log1p(Arithmetic& a, Value x) {
  // log(1 + x) = log(u) + error / u for u = 1 + x rounded.
  Pair sum = a.twoSum(a.number(1), x);
  Reduced reduced = reduce(a, sum.high);
  Value isNear = a.equal(reduced.exponent, a.number(0));
  reduced.fraction = a.select(isNear, x, reduced.fraction);
  Value correction = a.select(isNear, a.number(0), a.div(sum.low, sum.high));
  Value result = logOf(a, reduced, correction);
  result = a.select(a.less(x, a.number(kInfinity)), result, x);
  result = a.select(a.equal(x, a.number(0)), x, result);
  result = a.select(a.equal(x, a.number(-1)), a.number(-kInfinity), result);
  return a.select(a.less(x, a.number(-1)), a.number(std::numeric_limits<double>::quiet_NaN()),
                  result);
}

}  // namespace mlc::math_to_arith
