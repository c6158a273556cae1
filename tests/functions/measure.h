// Errors of the compiled functions over many arguments.
#pragma once

#include <random>
#include <vector>

#include "tests/functions/compiled_functions.h"

namespace mlc::functions {

struct LargestError {
  double ulp = 0;
  double at = 0, computed = 0;
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

// For arguments x, merged into one entry for each of elementaryFunctions().
Status measure(CompiledFunctions& compiled, const HostTensor& x,
               std::vector<LargestError>& largest);

}  // namespace mlc::functions
