#include "tests/onnx_suite/compare.h"

#include <cmath>

#include "runtime/base/float16.h"

namespace mlc::onnx_suite {
namespace {

constexpr double kRelative = 1e-3;
constexpr double kAbsolute = 1e-7;

// Two units in the last place, relative to the smallest number of a binade.
constexpr double kRelativeF16 = 0x1p-9;
constexpr double kRelativeBF16 = 0x1p-6;

std::string describe(const HostTensor& tensor) {
  std::string text(dtypeName(tensor.dtype()));
  for (int64_t dim : tensor.shape()) text += " " + std::to_string(dim);
  return text;
}

bool close(double actual, double expected, double relative) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected))) return true;
  if (!std::isfinite(expected)) return false;
  return std::abs(actual - expected) <= kAbsolute + relative * std::abs(expected);
}

template <typename T, typename Wide = float>
std::string floatDifference(const HostTensor& actual, const HostTensor& expected,
                            double relative = kRelative) {
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    const auto a = static_cast<Wide>(actual.data<T>()[i]),
               e = static_cast<Wide>(expected.data<T>()[i]);
    if (!close(a, e, relative)) {
      return "element " + std::to_string(i) + " is " + std::to_string(a) + ", expected " +
             std::to_string(e);
    }
  }
  return "";
}

template <typename T>
std::string integerDifference(const HostTensor& actual, const HostTensor& expected) {
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    const T a = actual.data<T>()[i], e = expected.data<T>()[i];
    if (a != e) {
      return "element " + std::to_string(i) + " is " + std::to_string(a) + ", expected " +
             std::to_string(e);
    }
  }
  return "";
}

}  // namespace

std::string difference(const HostTensor& actual, const HostTensor& expected) {
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return "is " + describe(actual) + ", expected " + describe(expected);
  }
  switch (expected.dtype()) {
    case DType::kF32:
      return floatDifference<float>(actual, expected);
    case DType::kF64:
      return floatDifference<double, double>(actual, expected);
    case DType::kF16:
      return floatDifference<Float16>(actual, expected, kRelativeF16);
    case DType::kBF16:
      return floatDifference<BFloat16>(actual, expected, kRelativeBF16);
    case DType::kI8:
      return integerDifference<int8_t>(actual, expected);
    case DType::kI16:
      return integerDifference<int16_t>(actual, expected);
    case DType::kI32:
      return integerDifference<int32_t>(actual, expected);
    case DType::kI64:
      return integerDifference<int64_t>(actual, expected);
    case DType::kU8:
    case DType::kBool:
      return integerDifference<uint8_t>(actual, expected);
    case DType::kU16:
      return integerDifference<uint16_t>(actual, expected);
    case DType::kU32:
      return integerDifference<uint32_t>(actual, expected);
    case DType::kU64:
      return integerDifference<uint64_t>(actual, expected);
  }
  return "has an unknown type";
}

}  // namespace mlc::onnx_suite
