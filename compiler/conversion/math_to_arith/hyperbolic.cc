// Hyperbolic functions and their inverses. Near 0, where exponentials would cancel, polynomials.
// All but tanh are computed in f64 for f32.
#include <limits>

#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

constexpr double kLn2 = 0x1.62e42fefa39efp-1;

// x + x^3 p(x^2).
Value odd(Arithmetic& a, Value x, llvm::ArrayRef<double> coefficients) {
  Value z = a.mul(x, x);
  return a.fma(a.mul(x, z), a.polynomial(z, coefficients), x);
}

// e^x / 2 for 0 <= x, which is finite for all x with a finite sinh.
Value halfExp(Arithmetic& a, Value x) {
  ScaledExponential e = scaledExp(a, a.atMost(x, 712), {});
  return a.scale(a.add(e.excess, a.number(1)), a.anyPowerOfTwo(a.subInt(e.exponent, a.integer(1))));
}

}  // namespace

Value tanh(Arithmetic& a, Value x) {
  Value size = a.abs(x);
  Value small = a.isDouble() ? odd(a, size, kTanhF64) : odd(a, size, kTanhF32);
  // 1 - 2 / (e^2x + 1), where that is more than a half; 1 from 10 (f32), 20 (f64) on.
  ScaledExponential e = scaledExp(a, a.atMost(a.add(size, size), 44), {});
  Value power = a.powerOfTwo(e.exponent);
  Value bottom = a.add(a.fma(e.excess, power, power), a.number(1));
  Value large = a.sub(a.number(1), a.div(a.number(2), bottom));
  return a.copySign(a.select(a.less(size, a.number(0.625)), small, large), x);
}

Value sinh(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Value size = a.abs(x), half = halfExp(a, size);
    Value large = a.sub(half, a.div(a.number(0.25), half));
    Value small = odd(a, size, kSinhF64);
    return a.copySign(a.select(a.less(size, a.number(1)), small, large), x);
  });
}

Value cosh(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Value half = halfExp(a, a.abs(x));
    return a.add(half, a.div(a.number(0.25), half));
  });
}

// W. Kahan, Branch cuts for complex elementary functions, 1987: log(x + sqrt(x^2 + 1)) in terms of
// log1p.
Value asinh(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Value size = a.abs(x), one = a.number(1);
    Value isHuge = a.less(a.number(0x1p28), size);
    Value bounded = a.atMost(size, 0x1p28), square = a.mul(bounded, bounded);
    Value root = a.sqrt(a.add(square, one));
    Value inner = a.add(bounded, a.div(square, a.add(one, root)));
    Value result = a.select(isHuge, a.add(log(a, size), a.number(kLn2)), log1p(a, inner));
    return a.copySign(result, x);
  });
}

Value acosh(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Value isHuge = a.less(a.number(0x1p28), x);
    Value t = a.sub(a.atMost(x, 0x1p28), a.number(1));
    Value inner = a.add(t, a.sqrt(a.fma(t, t, a.add(t, t))));
    Value result = a.select(isHuge, a.add(log(a, x), a.number(kLn2)), log1p(a, inner));
    return a.select(a.less(x, a.number(1)), a.number(std::numeric_limits<double>::quiet_NaN()),
                    result);
  });
}

Value atanh(Arithmetic& a, Value x) {
  return throughDouble(a, x, [](Arithmetic& a, Value x) {
    Value size = a.abs(x), twice = a.add(size, size);
    Value result = a.mul(log1p(a, a.div(twice, a.sub(a.number(1), size))), a.number(0.5));
    // Beyond 1 the quotient is below -1, or -2 for infinity.
    return a.copySign(result, x);
  });
}

}  // namespace mlc::math_to_arith
