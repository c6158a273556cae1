// Errors of the compiled functions over many arguments.
#pragma once

#include <random>
#include <utility>
#include <vector>

#include "tests/functions/compiled_functions.h"

namespace mlc::functions {

struct LargestError {
  double ulp = 0;
  double at = 0, computed = 0;
  double exponent = 0;  // of a power
};

// What an element type can hold.
struct Precision {
  int mantissaBits, smallest;
};
Precision precisionOf(DType dtype);

// Arguments: infinities, NaN, zeros, the ends of the normal and subnormal numbers, of both signs.
std::vector<double> specialArguments(DType dtype);
// Of all magnitudes, and more of those where the functions are neither constant nor the identity.
double randomArgument(DType dtype, std::mt19937_64& random);

HostTensor tensorOf(DType dtype, const std::vector<double>& values);
double valueAt(const HostTensor& tensor, int64_t i);

// Bases and exponents, `count` of each: all pairs of special arguments, then random ones, every
// other one with a power that is neither 0 nor infinite.
std::pair<HostTensor, HostTensor> powerArguments(DType dtype, int64_t count,
                                                 std::mt19937_64& random);

// Of compilePower()'s session.
Status measurePowers(api::Session& power, const HostTensor& base, const HostTensor& exponent,
                     LargestError& largest);

// For arguments x, merged into one entry for each of elementaryFunctions(); of the function `only`
// if it is not empty.
Status measure(CompiledFunctions& compiled, const HostTensor& x, std::vector<LargestError>& largest,
               const std::string& only = {});

}  // namespace mlc::functions
