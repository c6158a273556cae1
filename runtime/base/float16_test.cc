#include "runtime/base/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mlc {
namespace {

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(BFloat16(1.0f).bits, 0x3f80);
  EXPECT_EQ(BFloat16(1.0f + 1.0f / 256).bits, 0x3f80);  // halfway, to even
  EXPECT_EQ(BFloat16(1.0f + 3.0f / 256).bits, 0x3f82);  // halfway, to even
  EXPECT_EQ(BFloat16(1.0f + 1.01f / 256).bits, 0x3f81);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::max()).bits, 0x7f80);
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::nanf("")))));
}

TEST(Float16, RoundsToNearestEven) {
  EXPECT_EQ(Float16(1.0f).bits, 0x3c00);
  EXPECT_EQ(Float16(1.0f + 1.0f / 2048).bits, 0x3c00);
  EXPECT_EQ(Float16(1.0f + 3.0f / 2048).bits, 0x3c02);
  EXPECT_EQ(Float16(65520.0f).bits, 0x7c00);
  EXPECT_EQ(Float16(5.9604645e-8f).bits, 0x0001);
}

TEST(Float16, EveryValueSurvivesTheWayThroughF32) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    Float16 half;
    half.bits = static_cast<uint16_t>(bits);
    BFloat16 brain;
    brain.bits = half.bits;
    if (!std::isnan(static_cast<float>(half))) {
      EXPECT_EQ(Float16(static_cast<float>(half)).bits, bits);
    }
    if (!std::isnan(static_cast<float>(brain))) {
      EXPECT_EQ(BFloat16(static_cast<float>(brain)).bits, bits);
    }
  }
}

}  // namespace
}  // namespace mlc
