// erf and GELU. Away from 0 both are made of the tail of the normal distribution, e^(-a^2 / 2)
// times a smooth function of a that a polynomial in 1 / (a + K) approximates (after M. M. Shepherd
// and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x, Mathematics of
// Computation 36, 1981).
#include <limits>

#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

// 1/2 erfc(a / sqrt(2)) e^(a^2 / 2) = w p (1 + correction) for a >= 3/4.
struct Tail {
  Value w;
  Pair p;
  Value correction;
};

// What the coefficient i lacks in the type of `a`.
Value rest(Arithmetic& a, int i) {
  return a.number(a.isDouble() ? kTailRestF64[i] : kTailF32[i] - static_cast<float>(kTailF32[i]));
}

Tail tail(Arithmetic& a, Value size) {
  const bool wide = a.isDouble();
  const double shift = wide ? kTailShiftF64 : kTailShiftF32;
  Pair bottom = a.twoSum(size, a.number(shift));
  Value w = a.div(a.number(1), bottom.high);
  Value q = a.fma(w, a.number(-2 * shift), a.number(1));
  llvm::ArrayRef<double> coefficients = wide ? llvm::ArrayRef(kTailF64) : kTailF32;
  // The last step, where most is lost, as a pair.
  Pair last = a.twoProduct(q, a.polynomial(q, coefficients.drop_front()));
  Pair p = a.fastTwoSum(a.number(coefficients[0]), last.high);
  p.low = a.add(p.low, a.add(last.low, a.fma(q, rest(a, 1), rest(a, 0))));
  // What w lacks, relatively, and how much more w p lacks for it, about.
  Value lost = a.fma(a.neg(w), bottom.low, a.fma(a.neg(w), bottom.high, a.number(1)));
  Value factor = a.fma(w, a.number(wide ? 4.4 : 1.0), a.number(1));
  return {w, p, a.mul(lost, factor)};
}

}  // namespace

Value erf(Arithmetic& a, Value x) {
  Value size = a.abs(x), square = a.mul(size, size);
  Value p = a.isDouble() ? a.polynomial(square, kErfF64) : a.polynomial(square, kErfF32);
  Value small = a.fma(size, p, size);
  // 1 - erfc, from where erfc is below a half, so that its own errors count little.
  Value bounded = a.atMost(size, a.isDouble() ? 6 : 4);
  Tail far = tail(a, a.mul(bounded, a.number(0x1.6a09e667f3bcdp+0)));
  ScaledExponential e = scaledExp(a, a.neg(a.mul(bounded, bounded)), {});
  Value decay = a.mul(a.add(e.excess, a.number(1)), a.powerOfTwo(e.exponent));
  Value half = a.mul(far.w, far.p.high), twice = a.add(half, half);
  Value large = a.fma(a.neg(twice), decay, a.number(1));
  return a.copySign(a.select(a.less(size, a.number(0.75)), small, large), x);
}

Value gelu(Arithmetic& a, Value x) {
  // Near 0, x (1/2 + x p(x^2)); else x Phi(x) = max(x, 0) - |x| tail(|x|).
  Value z = a.mul(x, x), isNear = a.less(z, a.number(0.75 * 0.75));
  Value p = a.isDouble() ? a.polynomial(z, kPhiF64) : a.polynomial(z, kPhiF32);
  Value near = a.mul(x, a.fma(x, p, a.number(0.5)));

  Value size = a.atMost(a.abs(x), a.isDouble() ? 38.9 : 15);
  Pair square = a.twoProduct(size, size);
  Value minusHalf = a.number(-0.5);
  ScaledExponential e = scaledExp(a, a.mul(square.high, minusHalf), a.mul(square.low, minusHalf));
  Tail far = tail(a, size);
  Pair wp = a.twoProduct(far.w, far.p.high);
  wp.low = a.fma(far.w, far.p.low, wp.low);
  Pair product = a.twoProduct(wp.high, size);
  product.low = a.fma(wp.low, size, product.low);
  Value excess = a.fma(product.high, a.add(e.excess, far.correction), product.low);
  Value lower = a.scale(a.add(product.high, excess), a.anyPowerOfTwo(e.exponent));
  Value result = a.select(a.less(x, a.number(0)), a.neg(lower), a.sub(x, lower));
  result = a.select(isNear, near, result);
  const double infinity = std::numeric_limits<double>::infinity();
  return a.select(a.equal(x, a.number(-infinity)),
                  a.number(std::numeric_limits<double>::quiet_NaN()), result);
}

}  // namespace mlc::math_to_arith
