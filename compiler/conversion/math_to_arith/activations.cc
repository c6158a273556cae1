// Sigmoid and what is made of it, through t = e^-|y|, which never overflows: for y < 0,
// sigmoid(y) = t / (1 + t), else 1 / (1 + t). Numerator and denominator are pairs, and the quotient
// is corrected by its remainder, so that hardly more than one rounding is left. Where the result
// follows t into the subnormal numbers, the power of two is multiplied in last.
#include <limits>

#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

// Where x e^-x is 0, and sigmoid(x) is 1.
double bound(const Arithmetic& a) { return a.isDouble() ? 760 : 120; }

Value boundedMagnitude(Arithmetic& a, Value x) { return a.atMost(a.abs(x), bound(a)); }

// Whether numerators and e^-|y| are pairs. Without, as for sigmoid and silu of f32, errors stay
// below 2 ulp.
enum class Parts { kOne, kTwo };
Parts partsFor(const Arithmetic& a) { return a.isDouble() ? Parts::kTwo : Parts::kOne; }

// e^-|y| = (1 + excess) power = t.high + t.low.
struct Decay {
  Value excess;
  Arithmetic::Power power;
  Pair t;
};

Decay decayOf(Arithmetic& a, Value high, Value low, Parts parts) {
  ScaledExponential e = scaledExp(a, high, low);
  Decay decay{e.excess, a.anyPowerOfTwo(e.exponent), {}};
  Pair mantissa = a.fastTwoSum(a.number(1), e.excess);
  decay.t.high = a.scale(mantissa.high, decay.power);
  if (parts == Parts::kTwo) decay.t.low = a.scale(mantissa.low, decay.power);
  return decay;
}

// top / bottom, times the power of `decay` where `isNegative`.
Value quotient(Arithmetic& a, Pair top, Pair bottom, Value isNegative, const Decay& decay) {
  Value inverse = a.div(a.number(1), bottom.high), first = a.mul(top.high, inverse);
  Value minus = a.neg(first);
  Value remainder = a.fma(minus, bottom.high, top.high);
  remainder = a.fma(minus, bottom.low, top.low ? a.add(remainder, top.low) : remainder);
  Value result = a.fma(remainder, inverse, first);
  return a.select(isNegative, a.scale(result, decay.power), result);
}

// factor, times 1 + excess where `isNegative`.
Pair topOf(Arithmetic& a, Value factor, Value isNegative, const Decay& decay) {
  Value excess = a.select(isNegative, decay.excess, a.number(0));
  Value high = a.fma(factor, excess, factor);
  if (!decay.t.low) return {high, {}};
  return {high, a.fma(factor, excess, a.sub(factor, high))};
}

Pair onePlus(Arithmetic& a, Pair t) {
  Pair sum = a.fastTwoSum(a.number(1), t.high);
  return {sum.high, t.low ? a.add(sum.low, t.low) : sum.low};
}

// `size` with the sign of x; x itself beyond `limit`, and NaN where x * sigmoid(x) is -infinity *
// 0.
Value withEnds(Arithmetic& a, Value x, double limit, Value size) {
  Value result = a.select(a.less(a.number(limit), x), x, a.copySign(size, x));
  Value isInfinite = a.equal(x, a.number(-std::numeric_limits<double>::infinity()));
  return a.select(isInfinite, a.number(std::numeric_limits<double>::quiet_NaN()), result);
}

}  // namespace

Value sigmoid(Arithmetic& a, Value x) {
  Value isNegative = a.less(x, a.number(0));
  Decay decay = decayOf(a, a.neg(boundedMagnitude(a, x)), {}, partsFor(a));
  Pair top = topOf(a, a.number(1), isNegative, decay);
  return quotient(a, top, onePlus(a, decay.t), isNegative, decay);
}

Value silu(Arithmetic& a, Value x) {
  Value isNegative = a.less(x, a.number(0));
  Value size = boundedMagnitude(a, x);
  Decay decay = decayOf(a, a.neg(size), {}, partsFor(a));
  Pair top = topOf(a, size, isNegative, decay);
  return withEnds(a, x, bound(a), quotient(a, top, onePlus(a, decay.t), isNegative, decay));
}

Value geluTanh(Arithmetic& a, Value x) {
  // 1/2 x (1 + tanh(y / 2)) = x sigmoid(y), y = x (c + d x^2); e^-|y| needs y in twice the
  // precision. c = 2 sqrt(2 / pi) in two parts, the first short enough for slope.high - c; d =
  // 0.044715 c.
  const double limit = a.isDouble() ? 21.6 : 11.2;
  const double c = 0x1.988p+0, cLow = 0x1.14cf50d942344p-14;
  const double d = 0x1.2444f2a4d8b4bp-4;
  const double dLow = a.isDouble() ? -0x1.6c843a29d1c70p-61 : d - static_cast<float>(d);
  Value isNegative = a.less(x, a.number(0));
  Value size = a.atMost(a.abs(x), limit);
  Pair square = a.twoProduct(size, size);
  Pair cubic = a.twoProduct(square.high, a.number(d));
  cubic.low = a.fma(square.low, a.number(d), a.fma(square.high, a.number(dLow), cubic.low));
  Pair slope{a.add(a.number(c), cubic.high), {}};
  Value lost = a.sub(cubic.high, a.sub(slope.high, a.number(c)));
  slope.low = a.add(lost, a.add(cubic.low, a.number(cLow)));
  Pair y = a.twoProduct(a.neg(size), slope.high);
  y.low = a.fma(a.neg(size), slope.low, y.low);
  Decay decay = decayOf(a, y.high, y.low, Parts::kTwo);
  Pair top = topOf(a, size, isNegative, decay);
  return withEnds(a, x, limit, quotient(a, top, onePlus(a, decay.t), isNegative, decay));
}

Value softplus(Arithmetic& a, Value x) {
  // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
  Value zero = a.number(0);
  Value positive = a.select(a.less(zero, x), x, zero);
  return a.add(positive, log1p(a, exp(a, a.neg(a.abs(x)))));
}

Value mish(Arithmetic& a, Value x) {
  // tanh(log(1 + e^x)) = ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1), with t = e^-|x|:
  //   (1 + 2 t) / (1 + 2 t + 2 t^2) for x >= 0, and t (2 + t) / (2 + 2 t + t^2) for x < 0.
  Value isNegative = a.less(x, a.number(0)), one = a.number(1), two = a.number(2);
  Value size = boundedMagnitude(a, x);
  Decay decay = decayOf(a, a.neg(size), {}, Parts::kTwo);
  auto choose = [&](Value negative, Value positive) {
    return a.select(isNegative, negative, positive);
  };
  // u = t or 2 t; factor = u + 2 or u + 1; bottom = factor t + 2, or u t + factor.
  Pair t = decay.t;
  Pair u{choose(t.high, a.add(t.high, t.high)), choose(t.low, a.add(t.low, t.low))};
  Pair factor = a.twoSum(u.high, choose(two, one));
  factor.low = a.add(factor.low, u.low);
  Pair left{choose(factor.high, u.high), choose(factor.low, u.low)};
  Pair product = a.twoProduct(left.high, t.high);
  product.low = a.fma(left.low, t.high, a.fma(left.high, t.low, product.low));
  Pair bottom = a.twoSum(product.high, choose(two, factor.high));
  bottom.low = a.add(bottom.low, a.add(product.low, choose(a.number(0), factor.low)));

  Pair top = topOf(a, size, isNegative, decay);
  Pair scaled = a.twoProduct(top.high, factor.high);
  scaled.low = a.fma(top.low, factor.high, a.fma(top.high, factor.low, scaled.low));
  return withEnds(a, x, bound(a), quotient(a, scaled, bottom, isNegative, decay));
}

}  // namespace mlc::math_to_arith
