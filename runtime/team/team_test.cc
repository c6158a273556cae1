#include "runtime/team/team.h"

#include <gtest/gtest.h>

#include <vector>

namespace mlc {
namespace {

TEST(Team, RunsEveryThreadOnceEachRound) {
  Team team(3);
  std::vector<int> counts(3);
  for (int round = 0; round < 1000; ++round) {
    team.run([&](int thread) { ++counts[thread]; });
  }
  EXPECT_EQ(counts, std::vector<int>({1000, 1000, 1000}));
}

TEST(Team, BarrierPublishesWhatEachThreadWrote) {
  constexpr int kThreads = 4, kRounds = 2000;
  Team team(kThreads);
  std::vector<int> values(kThreads);
  std::vector<int> wrong(kThreads);
  team.run([&](int thread) {
    for (int round = 1; round <= kRounds; ++round) {
      values[thread] = round;
      team.barrier().arriveAndWait();
      for (int other = 0; other < kThreads; ++other) wrong[thread] += values[other] != round;
      team.barrier().arriveAndWait();
    }
  });
  EXPECT_EQ(wrong, std::vector<int>(kThreads));
}

}  // namespace
}  // namespace mlc
