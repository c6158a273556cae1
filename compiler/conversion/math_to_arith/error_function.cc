// erf and GELU. Away from 0 both are made of the tail of the normal distribution, e^(-a^2 / 2)
// times a smooth function of a that a polynomial in 1 / (a + K) approximates (after M. M. Shepherd
// and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x, Mathematics of
// Computation 36, 1981).
#include <limits>

#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

// 1/2 erfc(a / sqrt(2)) e^(a^2 / 2) = w p (1 + correction), for a >= 0 in f32, a >= 3/4 in f64,
// whose p has a low part.
struct Tail {
  Value w;
  Pair p;
  Value correction;
};

// What the coefficient i lacks in the type of `a`.
Value restOf(Arithmetic& a, int i) {
  return a.number(a.isDouble() ? kTailRestF64[i] : kTailF32[i] - static_cast<float>(kTailF32[i]));
}

// p(q) with its last step, where most is lost, as a pair.
Pair tailPolynomial(Arithmetic& a, Value w, Value q) {
  llvm::ArrayRef<double> coefficients = a.isDouble() ? llvm::ArrayRef(kTailF64) : kTailF32;
  Pair last = a.twoProduct(q, a.polynomial(q, coefficients.drop_front()));
  Pair p = a.fastTwoSum(a.number(coefficients[0]), last.high);
  p.low = a.add(a.add(p.low, last.low), a.fma(q, restOf(a, 1), restOf(a, 0)));
  if (!a.isDouble()) return p;
  // What q lacks, times the slope.
  Pair twice = a.twoProduct(w, a.number(-6)), exact = a.twoSum(a.number(1), twice.high);
  Value lost = a.add(a.add(a.sub(exact.high, q), exact.low), twice.low);
  Value slope = a.fma(q, a.number(2 * coefficients[2]), a.number(coefficients[1]));
  p.low = a.fma(lost, slope, p.low);
  return p;
}

Tail tail(Arithmetic& a, Value size) {
  static_assert(kTailShiftF32 == 3 && kTailShiftF64 == 3);
  Value three = a.number(3), one = a.number(1);
  // size - (bottom - 3) is what the sum lost: 3 has few bits.
  Value bottom = a.add(size, three), bottomLow = a.sub(size, a.sub(bottom, three));
  Value w = a.div(one, bottom), q = a.fma(w, a.number(-6), one);
  // What w lacks, relatively, and about how much more w p lacks for it.
  Value lost = a.fma(a.neg(w), bottomLow, a.fma(a.neg(w), bottom, one));
  return {w, tailPolynomial(a, w, q), a.mul(lost, a.fma(w, a.number(4.3), one))};
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
  // x Phi(x) = max(x, 0) - |x| tail(|x|).
  const bool wide = a.isDouble();
  Value size = a.atMost(a.abs(x), wide ? 38.9 : 15);
  Pair square = a.twoProduct(size, a.mul(size, a.number(-0.5)));
  ScaledExponential e = scaledExp(a, square.high, square.low);
  Tail far = tail(a, size);
  Pair wp = a.twoProduct(far.w, far.p.high), product = a.twoProduct(wp.high, size);
  wp.low = a.fma(far.w, far.p.low, wp.low);
  // (product + lost) (1 + excess + rest).
  Value lost = a.fma(product.high, far.correction, a.fma(wp.low, size, product.low));
  lost = a.fma(lost, e.excess, lost);
  if (wide) lost = a.fma(product.high, e.rest, lost);
  Value sum = a.add(product.high, a.fma(product.high, e.excess, lost));
  Value lower = a.scale(sum, a.anyPowerOfTwo(e.exponent));
  Value result = a.select(a.less(x, a.number(0)), a.neg(lower), a.sub(x, lower));
  if (wide) {
    // Near 0, x (1/2 + x p(x^2)).
    Value z = a.mul(x, x);
    Value near = a.mul(x, a.fma(x, a.polynomial(z, kPhiF64), a.number(0.5)));
    result = a.select(a.less(z, a.number(0.75 * 0.75)), near, result);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  return a.select(a.equal(x, a.number(-infinity)),
                  a.number(std::numeric_limits<double>::quiet_NaN()), result);
}

}  // namespace mlc::math_to_arith
