#include "compiler/transforms/repeated_run.h"

#include "gtest/gtest.h"

namespace mlc::transforms {
namespace {

std::optional<RepeatedRun> run(const std::string& text, size_t shortest = 1) {
  std::vector<int> labels(text.begin(), text.end());
  return longestRepeatedRun(labels,
                            [&](size_t, size_t period, size_t) { return period >= shortest; });
}

TEST(RepeatedRunTest, FindsTheRunThatCoversMost) {
  std::optional<RepeatedRun> found = run("xyaabcaabcaabcz");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->start, 2u);
  EXPECT_EQ(found->period, 4u);
  EXPECT_EQ(found->count, 3u);
  EXPECT_EQ(found->slack, 0u);
}

TEST(RepeatedRunTest, PrefersTheShortestPeriod) {
  std::optional<RepeatedRun> found = run("abababab");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->period, 2u);
  EXPECT_EQ(found->count, 4u);
}

TEST(RepeatedRunTest, TellsHowFarTheBlocksCanMove) {
  std::optional<RepeatedRun> found = run("cabcabcab", 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->start, 0u);
  EXPECT_EQ(found->count, 3u);
  EXPECT_EQ(found->slack, 0u);
  found = run("bcabcabcab", 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->start, 0u);
  EXPECT_EQ(found->count, 3u);
  EXPECT_EQ(found->slack, 1u);
}

TEST(RepeatedRunTest, KeepsToWhatIsWorthIt) {
  std::optional<RepeatedRun> found = run("aaaaaabcdbcd", 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->period, 3u);
}

TEST(RepeatedRunTest, NothingRepeats) {
  EXPECT_FALSE(run("abcdefg"));
  EXPECT_FALSE(run("a"));
  EXPECT_FALSE(run(""));
}

}  // namespace
}  // namespace mlc::transforms
