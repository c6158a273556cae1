#include "tests/functions/elementary_functions.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace mlc::functions {
namespace {

template <typename Real>
Real sigmoid(Real x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

template <typename Real>
Real softplus(Real x) {
  return std::fmax(x, Real{0}) + std::log1p(std::exp(-std::fabs(x)));
}

// erfc(-x / sqrt(2)) / 2 x, with the argument's rounding error taken into account: it is magnified
// by the square of the argument.
template <typename Real>
Real gelu(Real x) {
  if (std::isinf(x)) return x > 0 ? x : std::numeric_limits<Real>::quiet_NaN();
  const Real root = std::sqrt(Real{2});
  const Real rootRest = std::fma(-root, root, Real{2}) / (2 * root);
  const Real y = -x / root;
  const Real lost = (std::fma(-y, root, -x) - y * rootRest) / root;
  return x / 2 * (std::erfc(y) - 2 * std::numbers::inv_sqrtpi_v<Real> * std::exp(-y * y) * lost);
}

// x sigmoid(y), y = x (c + d x^2) as a sum of two numbers.
template <typename Real>
Real geluTanh(Real x) {
  if (std::isinf(x)) return x > 0 ? x : std::numeric_limits<Real>::quiet_NaN();
  if (std::fabs(x) > 50) return x > 0 ? x : -Real{0};
  // 2 sqrt(2 / pi) and 0.044715, each with what it lacks.
  const Real kC = 1.59576912160573071170627246218L,
             kRestOfC = 1.59576912160573071170627246218L - kC +
                        (sizeof(Real) > 8 ? 5.351177755720478292e-20L : 0);
  const Real kD = 0.044715L,
             kRestOfD = 0.044715L - kD + (sizeof(Real) > 8 ? 5.1174342541315809285e-22L : 0);
  const Real square = x * x, squareRest = std::fma(x, x, -square);
  const Real cubic = kD * square;
  const Real cubicRest = std::fma(kD, square, -cubic) + kD * squareRest + kRestOfD * square;
  const Real sum = 1 + cubic;
  const Real sumRest = (cubic < 1 ? (1 - sum) + cubic : (cubic - sum) + 1) + cubicRest;
  const Real slope = kC * sum;
  const Real slopeRest = std::fma(kC, sum, -slope) + kC * sumRest + kRestOfC * sum;
  const Real y = x * slope, rest = std::fma(x, slope, -y) + x * slopeRest;
  const Real t = std::exp(-std::fabs(y)) * (1 - (x < 0 ? -rest : rest));
  return x < 0 ? x * t / (1 + t) : x / (1 + t);
}

template <typename Real>
Real mish(Real x) {
  const Real t = std::exp(-std::fabs(x));
  if (x == -std::numeric_limits<Real>::infinity()) return std::numeric_limits<Real>::quiet_NaN();
  return x < 0 ? x * t * (2 + t) / (2 + 2 * t + t * t) : x * (1 + 2 * t) / (1 + 2 * t + 2 * t * t);
}

template <typename F>
ElementaryFunction of(const char* name, const char* op, const char* approximate, double bound,
                      F reference) {
  return {name, op, approximate, bound, reference, reference};
}

}  // namespace

const std::vector<ElementaryFunction>& elementaryFunctions() {
  static const std::vector<ElementaryFunction> functions = {
      of("exp", "Exp", "", 2, [](auto x) { return std::exp(x); }),
      of("log", "Log", "", 2, [](auto x) { return std::log(x); }),
      of("sqrt", "Sqrt", "", 0.5, [](auto x) { return std::sqrt(x); }),
      of("reciprocal", "Reciprocal", "", 0.5, [](auto x) { return 1 / x; }),
      of("sin", "Sin", "", 2, [](auto x) { return std::sin(x); }),
      of("cos", "Cos", "", 2, [](auto x) { return std::cos(x); }),
      of("tan", "Tan", "", 2, [](auto x) { return std::tan(x); }),
      of("asin", "Asin", "", 2, [](auto x) { return std::asin(x); }),
      of("acos", "Acos", "", 2, [](auto x) { return std::acos(x); }),
      of("atan", "Atan", "", 2, [](auto x) { return std::atan(x); }),
      of("sinh", "Sinh", "", 2, [](auto x) { return std::sinh(x); }),
      of("cosh", "Cosh", "", 2, [](auto x) { return std::cosh(x); }),
      of("tanh", "Tanh", "", 2, [](auto x) { return std::tanh(x); }),
      of("asinh", "Asinh", "", 2, [](auto x) { return std::asinh(x); }),
      of("acosh", "Acosh", "", 2, [](auto x) { return std::acosh(x); }),
      of("atanh", "Atanh", "", 2, [](auto x) { return std::atanh(x); }),
      of("erf", "Erf", "", 4, [](auto x) { return std::erf(x); }),
      of("gelu", "Gelu", "", 2, [](auto x) { return gelu(x); }),
      of("gelu (tanh)", "Gelu", "tanh", 2, [](auto x) { return geluTanh(x); }),
      of("sigmoid", "Sigmoid", "", 2, [](auto x) { return sigmoid(x); }),
      of("silu", "Swish", "", 2, [](auto x) { return x * sigmoid(x); }),
      of("softplus", "Softplus", "", 2, [](auto x) { return softplus(x); }),
      of("mish", "Mish", "", 2, [](auto x) { return mish(x); }),
      of("elu", "Elu", "", 2, [](auto x) { return x < 0 ? std::expm1(x) : x; }),
      of("softsign", "Softsign", "", 2, [](auto x) { return x / (1 + std::fabs(x)); }),
  };
  return functions;
}

double errorInUlp(long double exact, double computed, int mantissaBits, int smallest) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (std::isnan(exact) || std::isnan(computed)) {
    return std::isnan(exact) && std::isnan(computed) ? 0 : kInfinite;
  }
  if (exact == 0) {
    return computed == 0 && std::signbit(exact) == std::signbit(computed) ? 0 : kInfinite;
  }
  int exponent = 0;
  std::frexp(exact, &exponent);
  // The largest number's next.
  const long double beyond = std::ldexp(1.0L, 3 - mantissaBits - smallest);
  if (std::isinf(computed)) {
    const bool isNear = std::fabs(exact) >= beyond * (1 - std::ldexp(1.0L, 1 - mantissaBits));
    return isNear && std::signbit(exact) == std::signbit(computed) ? 0 : kInfinite;
  }
  if (std::fabs(exact) > beyond) return kInfinite;
  const int unit = std::max(exponent - mantissaBits, smallest);
  return static_cast<double>(std::ldexp(std::fabs(computed - exact), -unit));
}

}  // namespace mlc::functions
