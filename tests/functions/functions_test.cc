// A sparse part of the table that ulp_table prints: special values, all f16 and bf16 numbers,
// random f32 and f64.
#include <gtest/gtest.h>

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
    // Where GELU's tanh form was 2.1 ulp off.
    arguments.push_back(-2.74615407);
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
  const auto [base, exponent] = powerArguments(GetParam(), kArguments, random);
  LargestError largest;
  ASSERT_TRUE(measurePowers(**power, base, exponent, largest).ok());
  EXPECT_LE(largest.ulp, isNarrow() ? 0.502 : kPowerBound)
      << largest.at << " ^ " << largest.exponent << " gives " << largest.computed;
}

INSTANTIATE_TEST_SUITE_P(, Functions,
                         testing::Values(DType::kF32, DType::kF64, DType::kF16, DType::kBF16),
                         [](const auto& info) { return std::string(dtypeName(info.param)); });

}  // namespace
}  // namespace mlc::functions
