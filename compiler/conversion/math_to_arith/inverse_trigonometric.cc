// asin, acos, atan: in f64, for f32 too.
#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

constexpr double kHalfPi = 0x1.921fb54442d18p+0, kHalfPiLow = 0x1.1a62633145c07p-54;

// With t the smaller of |x| and sqrt((1 - |x|) / 2): asin(t) = t + rest; rest has t's rounding
// error in it.
struct Arcsine {
  Value isSmall;  // |x| < 1/2
  Value t, rest;
};

// asin(x) = pi / 2 - 2 asin(sqrt((1 - x) / 2)).
Arcsine arcsine(Arithmetic& a, Value size) {
  Value isSmall = a.less(size, a.number(0.5));
  Value half = a.mul(a.sub(a.number(1), size), a.number(0.5));  // exact from 1/2 on
  Value root = a.sqrt(half);
  // What the root's square lacks, over 2 root.
  Value lost = a.div(a.fma(a.neg(root), root, half), a.add(root, root));
  lost = a.select(a.equal(root, a.number(0)), a.number(0), lost);
  Value t = a.select(isSmall, size, root);
  Value z = a.select(isSmall, a.mul(size, size), half);
  Value rest = a.fma(a.mul(t, z), a.polynomial(z, kAsinF64), a.select(isSmall, a.number(0), lost));
  return {isSmall, t, rest};
}

}  // namespace

Value asin(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Arcsine e = arcsine(a, a.abs(x));
    Value small = a.add(e.t, e.rest);
    Value twice = a.add(e.t, e.t);
    Pair top = a.fastTwoSum(a.number(kHalfPi), a.neg(twice));
    Value large =
        a.add(top.high, a.add(top.low, a.fma(e.rest, a.number(-2), a.number(kHalfPiLow))));
    return a.copySign(a.select(e.isSmall, small, large), x);
  });
}

Value acos(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Arcsine e = arcsine(a, a.abs(x));
    Value isNegative = a.less(x, a.number(0));
    // pi / 2 - asin(x) for small ones.
    Value t = a.copySign(e.t, x), rest = a.select(isNegative, a.neg(e.rest), e.rest);
    Pair top = a.fastTwoSum(a.number(kHalfPi), a.neg(t));
    Value small = a.add(top.high, a.add(top.low, a.sub(a.number(kHalfPiLow), rest)));
    // 2 asin(root), and pi - that below -1/2.
    Value twice = a.add(e.t, e.t), twiceRest = a.add(e.rest, e.rest);
    Pair left = a.fastTwoSum(a.number(2 * kHalfPi), a.neg(twice));
    Value below = a.add(left.high, a.add(left.low, a.sub(a.number(2 * kHalfPiLow), twiceRest)));
    Value large = a.select(isNegative, below, a.add(twice, twiceRest));
    return a.select(e.isSmall, small, large);
  });
}

// atan(x) = atan(c) + atan((x - c) / (1 + c x)) for c = 1 and infinity: what is left is at most
// tan(pi / 8).
Value atan(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Value size = a.abs(x), one = a.number(1), zero = a.number(0);
    Value isMiddle = a.less(a.number(0x1.a827999fcef32p-2), size);
    Value isLarge = a.less(a.number(0x1.3504f333f9de6p+1), size);
    Value top = a.select(isLarge, a.number(-1), a.select(isMiddle, a.sub(size, one), size));
    Value bottom = a.select(isLarge, size, a.select(isMiddle, a.add(size, one), one));
    Value t = a.div(top, bottom), z = a.mul(t, t);
    Value base =
        a.select(isLarge, a.number(kHalfPi), a.select(isMiddle, a.number(kHalfPi / 2), zero));
    Value baseLow =
        a.select(isLarge, a.number(kHalfPiLow), a.select(isMiddle, a.number(kHalfPiLow / 2), zero));
    Value rest = a.fma(a.mul(t, z), a.polynomial(z, kAtanF64), baseLow);
    return a.copySign(a.add(base, a.add(t, rest)), x);
  });
}

}  // namespace mlc::math_to_arith
