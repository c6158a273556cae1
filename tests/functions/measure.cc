#include "tests/functions/measure.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <thread>

#include "runtime/base/float16.h"
#include "tests/functions/elementary_functions.h"

namespace mlc::functions {

Precision precisionOf(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return {53, -1074};
    case DType::kF16:
      return {11, -24};
    case DType::kBF16:
      return {8, -133};
    default:
      return {24, -149};
  }
}

std::vector<double> specialArguments(DType dtype) {
  const Precision precision = precisionOf(dtype);
  const int largest = 3 - precision.mantissaBits - precision.smallest;
  const double infinity = std::numeric_limits<double>::infinity();
  const double subnormal = std::ldexp(1, precision.smallest);
  const double normal = std::ldexp(subnormal, precision.mantissaBits - 1);
  const double most = std::ldexp(2 - std::ldexp(1, 1 - precision.mantissaBits), largest - 1);
  std::vector<double> all = {std::numeric_limits<double>::quiet_NaN()};
  for (double x : {0.0, infinity, subnormal, 3 * subnormal, normal - subnormal, normal, most, 0.25,
                   0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 20.0, 100.0}) {
    all.push_back(x);
    all.push_back(-x);
  }
  return all;
}

double randomArgument(DType dtype, std::mt19937_64& random) {
  auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const Precision precision = precisionOf(dtype);
  const double sign = (random() & 1) != 0 ? 1 : -1;
  const int largest = 3 - precision.mantissaBits - precision.smallest;
  const double ends = dtype == DType::kF64 ? 750 : 105;
  switch (random() % 5) {
    case 0:
      return sign *
             std::ldexp(uniform(1, 2), static_cast<int>(uniform(precision.smallest, largest)));
    case 1:
      return sign * std::ldexp(uniform(1, 2), static_cast<int>(uniform(-12, 8)));
    case 2:
      return uniform(-1.5, 1.5);
    case 3:
      return uniform(-10, 10);
    default:
      return uniform(-ends, ends);
  }
}

HostTensor tensorOf(DType dtype, const std::vector<double>& values) {
  HostTensor tensor = HostTensor::uninitialized(dtype, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    switch (dtype) {
      case DType::kF64:
        tensor.data<double>()[i] = values[i];
        break;
      case DType::kF16:
        tensor.data<Float16>()[i] = Float16(static_cast<float>(values[i]));
        break;
      case DType::kBF16:
        tensor.data<BFloat16>()[i] = BFloat16(static_cast<float>(values[i]));
        break;
      default:
        tensor.data<float>()[i] = static_cast<float>(values[i]);
    }
  }
  return tensor;
}

double valueAt(const HostTensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kF64:
      return tensor.data<double>()[i];
    case DType::kF16:
      return static_cast<float>(tensor.data<Float16>()[i]);
    case DType::kBF16:
      return static_cast<float>(tensor.data<BFloat16>()[i]);
    default:
      return tensor.data<float>()[i];
  }
}

std::pair<HostTensor, HostTensor> powerArguments(DType dtype, int64_t count,
                                                 std::mt19937_64& random) {
  std::vector<double> base, exponent;
  for (double x : specialArguments(dtype)) {
    for (double y : specialArguments(dtype)) {
      base.push_back(x);
      exponent.push_back(y);
    }
  }
  while (static_cast<int64_t>(base.size()) < count) {
    const double x = randomArgument(dtype, random), y = randomArgument(dtype, random);
    const bool isInside = base.size() % 2 == 0;
    base.push_back(isInside ? std::fabs(x) : x);
    exponent.push_back(isInside          ? y * 7 / std::log2(std::fabs(x))
                       : base.size() % 3 ? y
                                         : std::rint(y));
  }
  return {tensorOf(dtype, base), tensorOf(dtype, exponent)};
}

Status measurePowers(api::Session& power, const HostTensor& base, const HostTensor& exponent,
                     LargestError& largest) {
  MLC_ASSIGN_OR_RETURN(const std::vector<HostTensor> results, power.run({base, exponent}));
  const Precision precision = precisionOf(base.dtype());
  for (int64_t i = 0; i < base.numElements(); ++i) {
    const double x = valueAt(base, i), y = valueAt(exponent, i), computed = valueAt(results[0], i);
    const long double exact = std::pow(static_cast<long double>(x), static_cast<long double>(y));
    const double error = errorInUlp(exact, computed, precision.mantissaBits, precision.smallest);
    if (error > largest.ulp) largest = {error, x, computed, y};
  }
  return okStatus();
}

namespace {

// Whether an error is no more than so many units, as errorInUlp says at greater length; false for
// what only it decides.
bool isWithin(double ulps, double exact, double computed, const Precision& precision) {
  const auto biased = static_cast<int>(std::bit_cast<uint64_t>(std::fabs(exact)) >> 52);
  if (biased == 0 || biased == 0x7ff) return false;
  const int unit = std::max(biased - 1022 - precision.mantissaBits, precision.smallest);
  const auto bits = static_cast<uint64_t>(unit + 1023) << 52;
  return std::fabs(computed - exact) <= ulps * std::bit_cast<double>(bits);
}

}  // namespace

Status measure(CompiledFunctions& compiled, const HostTensor& x, std::vector<LargestError>& largest,
               const std::string& only) {
  const std::vector<ElementaryFunction>& functions = elementaryFunctions();
  largest.resize(functions.size());
  MLC_ASSIGN_OR_RETURN(const std::vector<HostTensor> results, compiled(x));
  const Precision precision = precisionOf(x.dtype());
  const bool isWide = x.dtype() == DType::kF64;
  auto measureOne = [&](size_t f) {
    if (!only.empty() && functions[f].name != only) return;
    for (int64_t i = 0; i < x.numElements(); ++i) {
      const double argument = valueAt(x, i), computed = valueAt(results[f], i);
      const long double exact =
          isWide ? functions[f].inLongDouble(argument) : functions[f].inDouble(argument);
      if (!isWide && isWithin(largest[f].ulp, static_cast<double>(exact), computed, precision))
        continue;
      const double error = errorInUlp(exact, computed, precision.mantissaBits, precision.smallest);
      if (error > largest[f].ulp) largest[f] = {error, argument, computed};
    }
  };
  auto measureEveryOther = [&](size_t first) {
    for (size_t f = first; f < functions.size(); f += 2) measureOne(f);
  };
  std::thread other(measureEveryOther, 1);
  measureEveryOther(0);
  other.join();
  return okStatus();
}

}  // namespace mlc::functions
