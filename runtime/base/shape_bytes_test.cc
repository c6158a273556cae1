#include "runtime/base/shape_bytes.h"

#include <gtest/gtest.h>

namespace mlc {
namespace {

constexpr int64_t kLarge = int64_t{1} << 30;

TEST(ShapeBytes, AreThoseOfTheElements) {
  EXPECT_EQ(elementsOf({}), 1);
  EXPECT_EQ(elementsOf({2, 3, 4}), 24);
  EXPECT_EQ(bytesOf(DType::kI64, {2, 3}), 48);
  EXPECT_EQ(bytesOf(DType::kU4, {3}), 2);
  EXPECT_EQ(elementsOf({kLarge, 0, 5}), 0);
  EXPECT_EQ(bytesOf(DType::kF64, {kLarge, kLarge - 1}), 8 * kLarge * (kLarge - 1));
}

TEST(ShapeBytes, AreNoneWhereSixtyFourBitsAreTooFew) {
  EXPECT_FALSE(elementsOf({2, -1}));
  EXPECT_FALSE(elementsOf({0, -1}));
  EXPECT_FALSE(bytesOf(DType::kU2, {kLarge, kLarge}));
  EXPECT_FALSE(elementsOf({kLarge, kLarge, kLarge, kLarge, kLarge}));
  EXPECT_FALSE(elementsOf({0, kLarge, kLarge, kLarge}));
}

}  // namespace
}  // namespace mlc
