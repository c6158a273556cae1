#include "runtime/base/small_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace mlc {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::nan("");

const DType kSigned[] = {DType::kF4E2M1, DType::kF8E4M3FN, DType::kF8E4M3FNUZ, DType::kF8E5M2,
                         DType::kF8E5M2FNUZ};

int codesOf(DType type) { return 1 << dtypeBits(type); }

TEST(SmallFloat, NumbersAreThoseOfTheFormats) {
  EXPECT_EQ(decodeSmallFloat(DType::kF4E2M1, 0x7), 6);
  EXPECT_EQ(decodeSmallFloat(DType::kF4E2M1, 0x1), 0.5);
  EXPECT_EQ(decodeSmallFloat(DType::kF8E4M3FN, 0x7e), 448);
  EXPECT_EQ(decodeSmallFloat(DType::kF8E4M3FN, 0x01), std::ldexp(1, -9));
  EXPECT_EQ(decodeSmallFloat(DType::kF8E4M3FNUZ, 0x7f), 240);
  EXPECT_EQ(decodeSmallFloat(DType::kF8E5M2, 0x7b), 57344);
  EXPECT_EQ(decodeSmallFloat(DType::kF8E5M2, 0xfc), -kInfinity);
  EXPECT_EQ(decodeSmallFloat(DType::kF8E5M2FNUZ, 0x7f), 57344);
  EXPECT_EQ(decodeSmallFloat(DType::kF8E8M0, 0), std::ldexp(1, -127));
  EXPECT_TRUE(std::isnan(decodeSmallFloat(DType::kF8E8M0, 0xff)));
  EXPECT_TRUE(std::isnan(decodeSmallFloat(DType::kF8E4M3FN, 0xff)));
  EXPECT_TRUE(std::isnan(decodeSmallFloat(DType::kF8E4M3FNUZ, 0x80)));
}

TEST(SmallFloat, EveryNumberSurvives) {
  for (DType type : {DType::kF4E2M1, DType::kF8E4M3FN, DType::kF8E4M3FNUZ, DType::kF8E5M2,
                     DType::kF8E5M2FNUZ, DType::kF8E8M0}) {
    for (int code = 0; code < codesOf(type); ++code) {
      const double value = decodeSmallFloat(type, static_cast<uint8_t>(code));
      const uint8_t back = encodeSmallFloat(type, value, {.saturate = false});
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(decodeSmallFloat(type, back))) << dtypeName(type) << " " << code;
      } else {
        EXPECT_EQ(back, code) << dtypeName(type);
      }
    }
  }
}

// Against the nearest of all numbers; of two, the one with an even code.
TEST(SmallFloat, RoundsToTheNearestOfAllNumbers) {
  std::mt19937 random(1);
  for (DType type : kSigned) {
    const SmallFloatFormat format = smallFloatFormat(type);
    const double largest = decodeSmallFloat(type, format.largest);
    std::vector<double> values;
    std::uniform_real_distribution<double> uniform(-1.2, 1.2);
    for (int i = 0; i < 500; ++i) {
      values.push_back(uniform(random) * largest);
      values.push_back(std::ldexp(uniform(random), static_cast<int>(random() % 24) - 20));
    }
    for (int code = 0; code < format.largest; ++code) {
      values.push_back((decodeSmallFloat(type, static_cast<uint8_t>(code)) +
                        decodeSmallFloat(type, static_cast<uint8_t>(code + 1))) /
                       2);
    }
    for (double value : values) {
      int best = 0;
      for (int code = 1; code <= format.largest; ++code) {
        const double gap =
            std::abs(decodeSmallFloat(type, static_cast<uint8_t>(code)) - std::abs(value));
        const double least =
            std::abs(decodeSmallFloat(type, static_cast<uint8_t>(best)) - std::abs(value));
        if (gap < least || (gap == least && code % 2 == 0)) best = code;
      }
      const double expected =
          std::copysign(decodeSmallFloat(type, static_cast<uint8_t>(best)), value);
      EXPECT_EQ(decodeSmallFloat(type, encodeSmallFloat(type, value)), expected)
          << dtypeName(type) << " " << value;
    }
  }
}

// The tables of ONNX's Cast.
TEST(SmallFloat, SpecialValuesAreOnnxs) {
  struct Case {
    DType type;
    double value;
    bool saturate;
    int bits;
  };
  for (const Case& c : std::vector<Case>{
           {DType::kF8E4M3FN, kInfinity, true, 0x7e},   {DType::kF8E4M3FN, -1e6, true, 0xfe},
           {DType::kF8E4M3FN, kInfinity, false, 0x7f},  {DType::kF8E4M3FN, -1e6, false, 0xff},
           {DType::kF8E4M3FN, -0.0, true, 0x80},        {DType::kF8E4M3FN, 464, false, 0x7e},
           {DType::kF8E4M3FN, 465, false, 0x7f},        {DType::kF8E4M3FNUZ, -0.0, true, 0},
           {DType::kF8E4M3FNUZ, kInfinity, true, 0x7f}, {DType::kF8E4M3FNUZ, -1e6, false, 0x80},
           {DType::kF8E5M2, kInfinity, true, 0x7b},     {DType::kF8E5M2, -1e6, false, 0xfc},
           {DType::kF8E5M2FNUZ, 1e6, false, 0x80},      {DType::kF8E5M2FNUZ, -1e-9, true, 0},
           {DType::kF4E2M1, kInfinity, false, 0x7},     {DType::kF4E2M1, -9, true, 0xf},
           {DType::kF4E2M1, kNaN, true, 0x8},           {DType::kF8E8M0, 0, true, 0},
           {DType::kF8E8M0, kInfinity, true, 0xfe},     {DType::kF8E8M0, kNaN, true, 0xff},
           {DType::kF8E8M0, 1e39, false, 0xff}}) {
    EXPECT_EQ(encodeSmallFloat(c.type, c.value, {.saturate = c.saturate}), c.bits)
        << dtypeName(c.type) << " " << c.value << (c.saturate ? " saturated" : "");
  }
}

TEST(SmallFloat, PowersRoundAsTold) {
  using Rounding = Conversion::Rounding;
  auto encode = [](double value, Rounding rounding) {
    return encodeSmallFloat(DType::kF8E8M0, value, {.rounding = rounding}) - 127;
  };
  EXPECT_EQ(encode(1.1, Rounding::kUp), 1);
  EXPECT_EQ(encode(1.9, Rounding::kDown), 0);
  EXPECT_EQ(encode(1.49, Rounding::kNearest), 0);
  EXPECT_EQ(encode(1.5, Rounding::kNearest), 1);
  EXPECT_EQ(encode(0.124, Rounding::kUp), -3);
  EXPECT_EQ(encode(4, Rounding::kUp), 2);
}

}  // namespace
}  // namespace mlc
