// The elementary functions as arithmetic without branches or calls, on scalars and vectors alike.
//
// Within 2 ulp (pow, erf: 4) over the whole range of f32 and f64: docs/numerics.md has the largest
// errors found. Subnormal arguments and results are exact to the same bound; infinities, NaN and
// signed zeros give what C's functions give. x has the type that `a` was made for.
#pragma once

#include "compiler/conversion/math_to_arith/arithmetic.h"

namespace mlc::math_to_arith {

// exponential.cc
Value exp(Arithmetic& a, Value x);
Value expm1(Arithmetic& a, Value x);
// e^(high + low) = (1 + excess + rest) 2^exponent, excess in [-0.3, 0.42], for arguments as
// boundExponent leaves them. low, far below high, may be absent; there is a rest, below excess's
// last place, only with it.
struct ScaledExponential {
  Value excess, exponent, rest;
};
ScaledExponential scaledExp(Arithmetic& a, Value high, Value low);
// x, but not beyond where e^x overflows, nor where it is 0 even times 2^20.
Value boundExponent(Arithmetic& a, Value x);

// logarithm.cc
Value log(Arithmetic& a, Value x);
Value log1p(Arithmetic& a, Value x);

// power.cc
Value pow(Arithmetic& a, Value base, Value exponent);

// trigonometric.cc
Value sin(Arithmetic& a, Value x);
Value cos(Arithmetic& a, Value x);
Value tan(Arithmetic& a, Value x);

// hyperbolic.cc
Value tanh(Arithmetic& a, Value x);
Value sinh(Arithmetic& a, Value x);
Value cosh(Arithmetic& a, Value x);
Value asinh(Arithmetic& a, Value x);
Value acosh(Arithmetic& a, Value x);
Value atanh(Arithmetic& a, Value x);

// inverse_trigonometric.cc
Value asin(Arithmetic& a, Value x);
Value acos(Arithmetic& a, Value x);
Value atan(Arithmetic& a, Value x);

// error_function.cc
Value erf(Arithmetic& a, Value x);
Value gelu(Arithmetic& a, Value x);

// activations.cc. At -infinity, where their formulas are -infinity * 0, silu, mish and gelu are
// NaN.
Value sigmoid(Arithmetic& a, Value x);
Value silu(Arithmetic& a, Value x);
Value geluTanh(Arithmetic& a, Value x);
Value softplus(Arithmetic& a, Value x);
Value mish(Arithmetic& a, Value x);

}  // namespace mlc::math_to_arith
