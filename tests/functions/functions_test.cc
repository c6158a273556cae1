// A sparse part of the table that ulp_table prints: special values, all f16 and bf16 numbers,
// random f32 and f64.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/functions/elementary_functions.h"
#include "tests/functions/measure.h"

namespace mlc::functions {
namespace {

constexpr int kArguments = 30000;

class Functions : public testing::TestWithParam<DType> {
 protected:
  std::string folder() const {
    return testing::TempDir() + "/functions_" + std::string(dtypeName(GetParam()));
  }
  bool isNarrow() const { return GetParam() == DType::kF16 || GetParam() == DType::kBF16; }
};

HostTensor allOfSixteenBits(DType dtype) {
  HostTensor all = HostTensor::uninitialized(dtype, {1 << 16});
  for (int i = 0; i < 1 << 16; ++i) all.data<uint16_t>()[i] = static_cast<uint16_t>(i);
  return all;
}

TEST_P(Functions, AreWithinTheirBounds) {
  StatusOr<CompiledFunctions> compiled = CompiledFunctions::compile(GetParam(), folder());
  ASSERT_TRUE(compiled.ok()) << compiled.status().message();
  std::vector<LargestError> largest;
  if (isNarrow()) {
    ASSERT_TRUE(measure(*compiled, allOfSixteenBits(GetParam()), largest).ok());
  } else {
    std::mt19937_64 random(1);
    std::vector<double> arguments = specialArguments(GetParam());
    while (arguments.size() < kArguments) arguments.push_back(randomArgument(GetParam(), random));
    ASSERT_TRUE(measure(*compiled, tensorOf(GetParam(), arguments), largest).ok());
  }
  for (size_t f = 0; f < largest.size(); ++f) {
    const ElementaryFunction& function = elementaryFunctions()[f];
    // Narrow types are computed in f32 and rounded once: half an ulp, and what f32 may err.
    const double bound = isNarrow() ? 0.502 : function.bound + 0.002;
    EXPECT_LE(largest[f].ulp, bound)
        << function.name << " of " << largest[f].at << " gives " << largest[f].computed;
  }
}

TEST_P(Functions, PowersAreWithinTheirBound) {
  auto power = compilePower(GetParam(), folder() + "_power");
  ASSERT_TRUE(power.ok()) << power.status().message();
  std::mt19937_64 random(2);
  std::vector<double> base, exponent;
  for (double x : specialArguments(GetParam())) {
    for (double y : specialArguments(GetParam())) {
      base.push_back(x);
      exponent.push_back(y);
    }
  }
  while (base.size() < kArguments) {
    const double x = randomArgument(GetParam(), random), y = randomArgument(GetParam(), random);
    // Every other one where the result is neither 0 nor infinite.
    const bool isInside = base.size() % 2 == 0;
    base.push_back(isInside ? std::fabs(x) : x);
    exponent.push_back(isInside          ? y * 7 / std::log2(std::fabs(x))
                       : base.size() % 3 ? y
                                         : std::rint(y));
  }
  const HostTensor x = tensorOf(GetParam(), base), y = tensorOf(GetParam(), exponent);
  const StatusOr<std::vector<HostTensor>> results = (*power)->run({x, y});
  ASSERT_TRUE(results.ok()) << results.status().message();
  const Precision precision = precisionOf(GetParam());
  for (int64_t i = 0; i < x.numElements(); ++i) {
    const long double exact =
        std::pow(static_cast<long double>(valueAt(x, i)), static_cast<long double>(valueAt(y, i)));
    const double computed = valueAt((*results)[0], i);
    EXPECT_LE(errorInUlp(exact, computed, precision.mantissaBits, precision.smallest),
              isNarrow() ? 0.502 : kPowerBound)
        << valueAt(x, i) << " ^ " << valueAt(y, i) << " = " << computed;
  }
}

INSTANTIATE_TEST_SUITE_P(, Functions,
                         testing::Values(DType::kF32, DType::kF64, DType::kF16, DType::kBF16),
                         [](const auto& info) { return std::string(dtypeName(info.param)); });

}  // namespace
}  // namespace mlc::functions
