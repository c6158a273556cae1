#include "tests/onnx_suite/compare.h"

#include <cmath>

#include "runtime/base/element.h"
#include "runtime/base/objects.h"

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

// Small floats have few values, so zeros of both signs are told apart.
bool sameNumber(double actual, double expected) {
  if (std::isnan(expected)) return std::isnan(actual);
  return actual == expected && std::signbit(actual) == std::signbit(expected);
}

bool close(double actual, double expected, double relative) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected))) return true;
  if (!std::isfinite(expected)) return false;
  return std::abs(actual - expected) <= kAbsolute + relative * std::abs(expected);
}

double toleranceOf(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return kRelativeF16;
    case DType::kBF16:
      return kRelativeBF16;
    case DType::kF32:
    case DType::kF64:
      return kRelative;
    default:
      return 0;
  }
}

}  // namespace

std::string difference(const HostTensor& actual, const HostTensor& expected) {
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return "is " + describe(actual) + ", expected " + describe(expected);
  }
  if (expected.dtype() == DType::kString)
    return stringsOf(actual) == stringsOf(expected) ? "" : "has other strings";
  if (isReference(expected.dtype())) {
    const std::vector<HostTensor> have = heldBy(actual), want = heldBy(expected);
    if (have.size() != want.size()) {
      return "holds " + std::to_string(have.size()) + " values, expected " +
             std::to_string(want.size());
    }
    for (size_t i = 0; i < have.size(); ++i) {
      const std::string different = difference(have[i], want[i]);
      if (!different.empty()) return "value " + std::to_string(i) + ": " + different;
    }
    return "";
  }
  const double relative = toleranceOf(expected.dtype());
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    if (!isFloat(expected.dtype())) {
      const int64_t a = loadInteger(actual, i), e = loadInteger(expected, i);
      if (a == e) continue;
      return "element " + std::to_string(i) + " is " + std::to_string(a) + ", expected " +
             std::to_string(e);
    }
    const double a = loadFloat(actual, i), e = loadFloat(expected, i);
    if (relative == 0 ? sameNumber(a, e) : close(a, e, relative)) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(a) + ", expected " +
           std::to_string(e);
  }
  return "";
}

}  // namespace mlc::onnx_suite
