// The elementary functions of mlc as ONNX ops, beside what they are by the C library's long doubles
// (64 bits of mantissa), with which the compiler shares no arithmetic.
#pragma once

#include <string>
#include <vector>

namespace mlc::functions {

struct ElementaryFunction {
  std::string name;  // as ulp_table prints it
  std::string op;
  std::string approximate;  // the attribute, if not empty
  double bound;             // of the error, in ulp of f32 and of f64
  double (*inDouble)(double);
  long double (*inLongDouble)(long double);
};

// Functions of one argument.
const std::vector<ElementaryFunction>& elementaryFunctions();

constexpr double kPowerBound = 4;

// The distance between a computed value and the exact one in units of the last place of a type with
// so many bits of mantissa and with subnormals down to 2^smallest. Infinite where one is NaN and
// the other is not, where only one overflows, or where zeros differ in sign.
double errorInUlp(long double exact, double computed, int mantissaBits, int smallest);

}  // namespace mlc::functions
