#include "runtime/package/layout_steps.h"

#include <gtest/gtest.h>

#include <numeric>

namespace mlc::package {
namespace {

using Kind = LayoutStep::Kind;
using Steps = std::vector<LayoutStep>;

TEST(LayoutSteps, ShapesFollowTheSteps) {
  const Steps steps = {
      {Kind::kPad, {4, 6}}, {Kind::kReshape, {4, 3, 2}}, {Kind::kTranspose, {1, 0, 2}}};
  EXPECT_EQ(shapeAfter(steps, {3, 5}), (std::vector<int64_t>{3, 4, 2}));
  EXPECT_EQ(shapeAfter({}, {3, 5}), (std::vector<int64_t>{3, 5}));
}

TEST(LayoutSteps, StepsThatDoNotFitAreRefused) {
  EXPECT_FALSE(shapeAfter({{Kind::kReshape, {4}}}, {3}));
  EXPECT_FALSE(shapeAfter({{Kind::kReshape, {-1, -3}}}, {3}));
  EXPECT_FALSE(shapeAfter({{Kind::kPad, {2}}}, {3}));
  EXPECT_FALSE(shapeAfter({{Kind::kPad, {3, 3}}}, {3}));
  EXPECT_FALSE(shapeAfter({{Kind::kPad, {int64_t{1} << 40, int64_t{1} << 40}}}, {1, 1}));
  EXPECT_FALSE(shapeAfter({{Kind::kTranspose, {0, 0}}}, {2, 2}));
  EXPECT_FALSE(shapeAfter({{Kind::kTranspose, {0}}}, {2, 2}));
}

// A filter [5, 4] as panels of 4 rows of blocks of 2 columns: [2, 2, 2, 4].
TEST(LayoutSteps, ElementsGoWhereTheyBelong) {
  std::vector<float> data(5 * 4);
  std::iota(data.begin(), data.end(), 1.0f);
  const Steps steps = {
      {Kind::kPad, {8, 4}}, {Kind::kReshape, {2, 4, 2, 2}}, {Kind::kTranspose, {0, 2, 3, 1}}};
  std::vector<float> out(32, -1);
  applySteps(sliceOf(data.data(), DType::kF32, {5, 4}, {}, {}), steps,
             reinterpret_cast<char*>(out.data()));
  for (int64_t row = 0; row < 8; ++row) {
    for (int64_t column = 0; column < 4; ++column) {
      const int64_t at = ((row / 4 * 2 + column / 2) * 2 + column % 2) * 4 + row % 4;
      const float expected = row < 5 ? data[static_cast<size_t>(row * 4 + column)] : 0.0f;
      EXPECT_EQ(out[static_cast<size_t>(at)], expected) << row << ", " << column;
    }
  }
}

// A slice is not contiguous: what is reshaped is the slice.
TEST(LayoutSteps, SlicesAreReshapedAsTheyAre) {
  std::vector<uint16_t> data(4 * 6);
  std::iota(data.begin(), data.end(), uint16_t{0});
  std::vector<uint16_t> out(6);
  applySteps(sliceOf(data.data(), DType::kF16, {4, 6}, {1, 2}, {2, 3}),
             {{Kind::kReshape, {3, 2}}, {Kind::kTranspose, {1, 0}}},
             reinterpret_cast<char*>(out.data()));
  EXPECT_EQ(out, (std::vector<uint16_t>{8, 10, 15, 9, 14, 16}));
}

}  // namespace
}  // namespace mlc::package
