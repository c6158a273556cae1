#include "runtime/base/small_float.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlc {
namespace {

constexpr int kPowerBias = 127;
constexpr uint8_t kPowerNaN = 0xff;
constexpr int kLargestPower = 0xfe;

// value = fraction * 2^exponent with fraction in [1, 2).
uint8_t encodePower(double value, Conversion conversion) {
  if (std::isnan(value)) return kPowerNaN;
  if (std::isinf(value)) return conversion.saturate ? kLargestPower : kPowerNaN;
  if (value == 0) return conversion.saturate ? 0 : kPowerNaN;
  int exponent = 0;
  const double fraction = 2 * std::frexp(std::abs(value), &exponent);
  int code = exponent - 1 + kPowerBias;
  if (code < 0) return conversion.saturate ? 0 : kPowerNaN;
  switch (conversion.rounding) {
    case Conversion::Rounding::kUp:
      // Zero is the code of 2^-127 too.
      code += fraction > 1;
      break;
    case Conversion::Rounding::kDown:
      break;
    case Conversion::Rounding::kNearest:
      // ONNX's reference: ties go up.
      code += fraction >= 1.5 && (code > 0 || fraction > 1.5);
      break;
  }
  if (code > kLargestPower) return conversion.saturate ? kLargestPower : kPowerNaN;
  return static_cast<uint8_t>(code);
}

}  // namespace

double decodeSmallFloat(DType type, uint8_t bits) {
  if (type == DType::kF8E8M0) {
    return bits == kPowerNaN ? std::numeric_limits<double>::quiet_NaN()
                             : std::ldexp(1.0, bits - kPowerBias);
  }
  const SmallFloatFormat format = smallFloatFormat(type);
  if (!format.hasNegativeZero() && bits == format.nan)
    return std::numeric_limits<double>::quiet_NaN();
  const double sign = bits & format.signBit ? -1 : 1;
  const int code = bits & (format.signBit - 1);
  if (code > format.largest) {
    return code == format.infinity ? sign * std::numeric_limits<double>::infinity()
                                   : std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  }
  const int exponent = code >> format.mantissaBits;
  const int one = 1 << format.mantissaBits, mantissa = code & (one - 1);
  return sign * std::ldexp(exponent == 0 ? mantissa : one + mantissa,
                           std::max(exponent, 1) - format.bias - format.mantissaBits);
}

uint8_t encodeSmallFloat(DType type, double value, Conversion conversion) {
  if (type == DType::kF8E8M0) return encodePower(value, conversion);
  const SmallFloatFormat format = smallFloatFormat(type);
  const uint8_t sign = std::signbit(value) ? format.signBit : 0;
  if (std::isnan(value)) {
    if (format.nan == 0) return format.signBit;
    return format.hasNegativeZero() ? sign | format.nan : format.nan;
  }
  const double magnitude = std::abs(value);
  const double largest = decodeSmallFloat(type, format.largest);
  int code = 0;
  if (magnitude <= 2 * largest) {
    // In units of the last place; subnormals have that of the smallest normal.
    const int smallest = 1 - format.bias;
    const int exponent = magnitude == 0 ? smallest : std::max(std::ilogb(magnitude), smallest);
    const double units = std::nearbyint(std::ldexp(magnitude, format.mantissaBits - exponent));
    code = ((exponent - smallest) << format.mantissaBits) + static_cast<int>(units);
  }
  if (magnitude > 2 * largest || code > format.largest) {
    if (conversion.saturate || type == DType::kF4E2M1) {
      code = format.largest;
    } else if (format.infinity != 0) {
      code = format.infinity;
    } else {
      return format.hasNegativeZero() ? sign | format.nan : format.nan;
    }
  }
  if (code == 0 && !format.hasNegativeZero()) return 0;
  return static_cast<uint8_t>(sign | code);
}

}  // namespace mlc
