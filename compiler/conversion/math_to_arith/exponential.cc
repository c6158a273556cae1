// e^x: Cody and Waite's reduction to [-ln(2) / 2, ln(2) / 2] (Software Manual for the Elementary
// Functions, 1980, chapter 6) and a minimax polynomial.
#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {

ScaledExponential scaledExp(Arithmetic& a, Value high, Value low) {
  const bool wide = a.isDouble();
  Arithmetic::Rounded n = a.roundProduct(high, a.number(0x1.71547652b82fep+0));
  // ln(2) in two parts; the first times n is exact.
  Value top = a.fma(n.number, a.number(wide ? -0x1.62e42fefa3800p-1 : -0x1.62e400p-1), high);
  Value second = a.number(wide ? -0x1.ef35793c76730p-45 : -0x1.7f7d1cp-20);
  Value r = a.fma(n.number, second, top), rest;
  if (low && !wide) r = a.add(r, low);
  if (low && wide) {
    Value lost = a.fma(n.number, second, a.sub(top, r));
    Pair sum = a.fastTwoSum(r, low);
    r = sum.high;
    rest = a.add(sum.low, lost);
  }
  Value q = wide ? a.polynomial(r, kExpF64) : a.polynomial(r, kExpF32);
  Value square = a.mul(r, r);
  if (!rest) return {a.fma(square, q, r), n.integer, {}};
  Pair excess = a.fastTwoSum(r, a.fma(square, q, rest));
  return {excess.high, n.integer, excess.low};
}

Value boundExponent(Arithmetic& a, Value x) {
  return a.atMost(a.atLeast(x, a.isDouble() ? -760 : -120), a.isDouble() ? 709.9 : 89);
}

Value exp(Arithmetic& a, Value x) {
  ScaledExponential e = scaledExp(a, boundExponent(a, x), {});
  return a.scale(a.add(e.excess, a.number(1)), a.anyPowerOfTwo(e.exponent));
}

Value expm1(Arithmetic& a, Value x) {
  ScaledExponential e = scaledExp(a, a.atLeast(boundExponent(a, x), a.isDouble() ? -40 : -20), {});
  // (1 + excess) 2^n - 1 in halves, so that 2^128 need not be represented.
  Value half = a.powerOfTwo(a.subInt(e.exponent, a.integer(1)));
  Value result = a.fma(e.excess, half, a.sub(half, a.number(0.5)));
  return a.select(a.equal(x, a.number(0)), x, a.add(result, result));
}

}  // namespace mlc::math_to_arith
