#include "runtime/api/place.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace mlc::api {
namespace {

static_assert(std::is_trivially_copyable_v<Place>);

constexpr int64_t kMemory = 64'000'000'000;

std::vector<int> upTo(int count) {
  std::vector<int> cpus;
  for (int cpu = 0; cpu < count; ++cpu) cpus.push_back(cpu);
  return cpus;
}

// A limit of group `group`.
team::GroupLimit limit(uint64_t group, double cpus, int64_t memoryBytes = 0) {
  return {1, group, cpus, memoryBytes};
}

Place place(const std::vector<int>& cpus, const std::vector<team::GroupLimit>& limits = {},
            const std::string& machine = "a") {
  return makePlace(machine, cpus, limits, kMemory);
}

TEST(Place, RanksOfAMachineDivideItsCores) {
  const std::vector<int> cpus = {0, 2, 1, 3};
  const std::vector<Place> places = {place(cpus), place(cpus), place(cpus, {}, "b")};
  const team::TeamOptions first = coresOf(places, 0, cpus, 0, true);
  EXPECT_EQ(first.threads, 2);
  EXPECT_EQ(first.cpus, (std::vector{0, 2}));
  EXPECT_TRUE(first.spin);
  EXPECT_EQ(coresOf(places, 1, cpus, 0, true).cpus, (std::vector{1, 3}));
  EXPECT_EQ(coresOf(places, 2, cpus, 0, true).cpus, cpus);
  EXPECT_TRUE(coresOf(places, 0, cpus, 0, false).cpus.empty());
  const team::TeamOptions many = coresOf(places, 0, cpus, 3, true);
  EXPECT_EQ(many.threads, 3);
  EXPECT_TRUE(many.cpus.empty());
  EXPECT_FALSE(many.spin);
}

TEST(Place, MoreRanksThanCores) {
  const std::vector<Place> places(3, place({0, 1}));
  for (size_t rank = 0; rank < 3; ++rank) {
    const team::TeamOptions team = coresOf(places, rank, {0, 1}, 0, true);
    EXPECT_EQ(team.threads, 1);
    EXPECT_TRUE(team.cpus.empty());
    EXPECT_FALSE(team.spin);
  }
}

TEST(Place, UnlikeSetsThatOverlap) {
  // The first and the last only by the one between.
  const std::vector<std::vector<int>> cpus = {{0, 1, 2, 3}, {3, 4}, {4, 5, 6, 7}, {1500}};
  std::vector<Place> places;
  for (const std::vector<int>& mine : cpus) places.push_back(place(mine));
  EXPECT_EQ(coresOf(places, 0, cpus[0], 0, true).cpus, (std::vector{0, 1, 2}));
  EXPECT_EQ(coresOf(places, 1, cpus[1], 0, true).cpus, (std::vector{3, 4}));
  EXPECT_EQ(coresOf(places, 2, cpus[2], 0, true).cpus, (std::vector{5, 6, 7}));
  EXPECT_EQ(coresOf(places, 3, cpus[3], 0, true).cpus, (std::vector{1500}));
}

TEST(Place, CpuTimeIsWhatTheGroupsLeave) {
  const std::vector<int> cpus = upTo(16);
  // Alone in its group.
  std::vector<Place> places = {place(cpus, {limit(1, 3.5)})};
  team::TeamOptions team = coresOf(places, 0, cpus, 0, true);
  EXPECT_EQ(team.threads, 3);
  EXPECT_EQ(team.cpus, cpus);
  EXPECT_TRUE(team.spin);
  EXPECT_FALSE(coresOf(places, 0, cpus, 4, true).spin);
  // Two containers in a group around them, and one beside.
  places = {place(cpus, {limit(1, 8), limit(9, 6)}), place(cpus, {limit(2, 8), limit(9, 6)}),
            place(cpus, {limit(3, 8)}), place(cpus, {limit(1, 8), limit(9, 6)}, "b")};
  EXPECT_EQ(coresOf(places, 0, cpus, 0, true).threads, 3);
  EXPECT_EQ(coresOf(places, 2, cpus, 0, true).threads, 6);
  EXPECT_EQ(coresOf(places, 3, cpus, 0, true).threads, 6);
  // Less than a core each: nobody waits spinning.
  places.assign(2, place(cpus, {limit(1, 1)}));
  team = coresOf(places, 0, cpus, 0, true);
  EXPECT_EQ(team.threads, 1);
  EXPECT_FALSE(team.spin);
  EXPECT_TRUE(team.cpus.empty());
}

TEST(Place, MemoryIsSharedByTheRanksOfAMachine) {
  const std::vector<Place> places = {place({0}), place({1}, {limit(1, 0, 8'000'000'000)}),
                                     place({2}, {limit(1, 0, 8'000'000'000)}),
                                     place({3}, {limit(2, 2, 0), limit(3, 0, 40'000'000'000)}),
                                     place({0}, {}, "b")};
  EXPECT_EQ(memoryOf(places, 0), kMemory / 4);
  EXPECT_EQ(memoryOf(places, 1), 4'000'000'000);
  EXPECT_EQ(memoryOf(places, 2), 4'000'000'000);
  EXPECT_EQ(memoryOf(places, 3), kMemory / 4);
  EXPECT_EQ(memoryOf(places, 4), kMemory);
}

TEST(Place, TheOutermostOfManyLimitsAreLeftOut) {
  std::vector<team::GroupLimit> limits;
  for (uint64_t group = 0; group < 10; ++group)
    limits.push_back(limit(group, 10 - static_cast<double>(group)));
  EXPECT_EQ(coresOf({place(upTo(16), limits)}, 0, upTo(16), 0, true).threads, 3);
}

}  // namespace
}  // namespace mlc::api
