// The 4- and 8-bit floats of ONNX: what their bits mean, and rounding to them.
//
// Sources: OCP Microscaling Formats 1.0 (E2M1, E8M0), OCP OFP8 1.0 (E4M3, E5M2), and for the FNUZ
// forms https://onnx.ai/onnx/technical/float8.html.
#pragma once

#include <cstdint>

#include "runtime/base/dtype.h"

namespace mlc {

// A format with sign, exponent and mantissa; all of them but F8E8M0. Codes are without the sign.
struct SmallFloatFormat {
  int mantissaBits;
  int bias;
  uint8_t signBit;
  uint8_t largest;   // the largest finite number
  uint8_t infinity;  // 0: there is none
  uint8_t nan;       // 0: there is none; FNUZ: the sign bit alone
  // Whether negative zero exists. Where it does not, its bits are the only NaN.
  constexpr bool hasNegativeZero() const { return nan != signBit; }
};

// Of the types for which isSmallFloat holds but F8E8M0.
constexpr SmallFloatFormat smallFloatFormat(DType type) {
  switch (type) {
    case DType::kF4E2M1:
      return {1, 1, 0x8, 0x7, 0, 0};
    case DType::kF8E4M3FN:
      return {3, 7, 0x80, 0x7e, 0, 0x7f};
    case DType::kF8E4M3FNUZ:
      return {3, 8, 0x80, 0x7f, 0, 0x80};
    case DType::kF8E5M2:
      return {2, 15, 0x80, 0x7b, 0x7c, 0x7e};
    default:
      assert(type == DType::kF8E5M2FNUZ);
      return {2, 16, 0x80, 0x7f, 0, 0x80};
  }
}

// How a number that a type does not have becomes one of its numbers. As ONNX's Cast says it.
struct Conversion {
  // Numbers beyond the largest become the largest; else infinity, or NaN where there is none.
  // F4E2M1 always saturates.
  bool saturate = true;
  // F8E8M0 only; the other types round to nearest, ties to even.
  enum class Rounding { kUp, kDown, kNearest } rounding = Rounding::kUp;
};

// The number that these bits are. F8E8M0's 0xff is NaN.
double decodeSmallFloat(DType type, uint8_t bits);

// The bits for a number. F4E2M1 has no NaN: it becomes -0, as ml_dtypes has it. F8E8M0 ignores
// signs; what is smaller than its smallest, zero included, becomes that, or NaN without `saturate`.
uint8_t encodeSmallFloat(DType type, double value, Conversion conversion = {});

}  // namespace mlc
