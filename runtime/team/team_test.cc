#include "runtime/team/team.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/team/cpus.h"

namespace mlc::team {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Team> makeTeam(int threads, bool spin = true) {
  StatusOr<std::unique_ptr<Team>> team =
      Team::create({.threads = threads, .cpus = {}, .spin = spin});
  EXPECT_TRUE(team.ok()) << team.status().message();
  return *std::move(team);
}

TEST(Team, EveryThreadRunsOnceAndTheCallerIsThreadZero) {
  for (int threads : {1, 2, 5}) {
    auto team = makeTeam(threads);
    for (int round = 0; round < 100; ++round) {
      std::vector<int> calls(static_cast<size_t>(threads), 0);
      std::thread::id zero;
      team->run([&](int thread) {
        ++calls[static_cast<size_t>(thread)];
        if (thread == 0) zero = std::this_thread::get_id();
      });
      EXPECT_EQ(calls, std::vector<int>(static_cast<size_t>(threads), 1));
      EXPECT_EQ(zero, std::this_thread::get_id());
    }
  }
}

// Each thread adds up what all wrote in the round before: wrong at once if somebody passes a
// barrier early.
TEST(Team, BarrierSeparatesRounds) {
  for (bool spin : {true, false}) {
    for (int threads : {2, 3, 8}) {
      auto team = makeTeam(threads, spin);
      std::vector<int64_t> values(static_cast<size_t>(threads), 1);
      std::atomic<int> wrong{0};
      team->run([&](int thread) {
        for (int64_t round = 1; round < 2000; ++round) {
          int64_t sum = 0;
          for (int64_t value : values) sum += value;
          if (sum != round * threads) ++wrong;
          team->barrier();
          ++values[static_cast<size_t>(thread)];
          team->barrier();
        }
      });
      EXPECT_EQ(wrong, 0);
    }
  }
}

TEST(Team, ThreadsArePinned) {
  const std::vector<int> cpus = usableCpus();
  ASSERT_FALSE(cpus.empty());
  const int threads = static_cast<int>(cpus.size());
  std::vector<int> seen(cpus.size());
  std::thread([&] {
    StatusOr<std::unique_ptr<Team>> team =
        Team::create({.threads = threads, .cpus = cpus, .spin = true});
    ASSERT_TRUE(team.ok()) << team.status().message();
    (*team)->run([&](int thread) { seen[static_cast<size_t>(thread)] = ::sched_getcpu(); });
    EXPECT_EQ(affinityOfThisThread(), std::vector<int>{cpus[0]});
    *team = nullptr;
    EXPECT_GE(affinityOfThisThread().size(), cpus.size());
  }).join();
  EXPECT_EQ(seen, cpus);
}

TEST(Team, RefusesWhatItCannotDo) {
  EXPECT_FALSE(Team::create({.threads = 0, .cpus = {}, .spin = true}).ok());
  EXPECT_FALSE(Team::create({.threads = 2, .cpus = {0}, .spin = true}).ok());
}

TEST(Team, GoesOnWhereAThreadCannotBePinned) {
  const int first = usableCpus()[0];
  for (const std::vector<int>& cpus : {std::vector{first, 100000}, std::vector{100000, 8191}}) {
    StatusOr<std::unique_ptr<Team>> team = Team::create({.threads = 2, .cpus = cpus, .spin = true});
    ASSERT_TRUE(team.ok()) << team.status().message();
    std::atomic<int> calls{0};
    (*team)->run([&](int) { ++calls; });
    EXPECT_EQ(calls, 2);
  }
}

// A machine as the kernel describes it.
class DescribedCpus : public testing::Test {
 protected:
  void add(int cpu, const std::string& core, const std::string& cache, const std::string& package,
           int node) {
    const fs::path mine = folder_ / ("cpu" + std::to_string(cpu));
    fs::create_directories(mine / "topology");
    fs::create_directories(mine / "cache/index3");
    fs::create_directories(mine / ("node" + std::to_string(node)));
    std::ofstream(mine / "topology/thread_siblings_list") << core << "\n";
    std::ofstream(mine / "topology/core_siblings_list") << package << "\n";
    std::ofstream(mine / "cache/index3/shared_cpu_list") << cache << "\n";
  }
  ~DescribedCpus() override { fs::remove_all(folder_); }

  const fs::path folder_ = fs::path(testing::TempDir()) / "described_cpus";
};

TEST_F(DescribedCpus, OneOfEachCoreThatIsAllowed) {
  for (int core : {0, 1, 2, 3}) {
    const std::string threads = std::to_string(core) + "," + std::to_string(core + 4);
    for (int cpu : {core, core + 4}) add(cpu, threads, "0-7", "0-7", 0);
  }
  EXPECT_EQ(onePerCore(folder_, {0, 1, 2, 3, 4, 5, 6, 7}), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(onePerCore(folder_, {2, 4, 5, 6}), (std::vector{4, 5, 2}));
}

TEST_F(DescribedCpus, NeighboursShareMostOfTheMachine) {
  // Two packages whose cpus are numbered in turn; the second has two nodes, the first two caches.
  add(0, "0", "0,6", "0,2,4,6", 0);
  add(2, "2", "2,4", "0,2,4,6", 0);
  add(4, "4", "2,4", "0,2,4,6", 0);
  add(6, "6", "0,6", "0,2,4,6", 0);
  add(1, "1", "1,3,5,7", "1,3,5,7", 2);
  add(3, "3", "1,3,5,7", "1,3,5,7", 1);
  add(5, "5", "1,3,5,7", "1,3,5,7", 2);
  add(7, "7", "1,3,5,7", "1,3,5,7", 1);
  EXPECT_EQ(onePerCore(folder_, {0, 1, 2, 3, 4, 5, 6, 7}), (std::vector{0, 6, 2, 4, 3, 7, 1, 5}));
}

TEST_F(DescribedCpus, WithoutDescriptionEachIsACore) {
  EXPECT_EQ(onePerCore(folder_, {1, 3}), (std::vector{1, 3}));
}

TEST(Cpus, APinnedThreadSeesThoseOfTheProcess) {
  const std::vector<int> before = usableCpus();
  std::vector<int> pinned;
  std::thread([&] {
    ASSERT_TRUE(pinThisThread(before.back()).ok());
    pinned = usableCpus();
  }).join();
  EXPECT_EQ(pinned, before);
}

TEST(Cpus, AKernelMayKnowMoreThanASetHasRoomFor) {
  // As of 3000 cpus: less room is refused.
  const auto get = [](size_t bytes, cpu_set_t* set) {
    if (bytes * 8 < 3000) return EINVAL;
    CPU_SET_S(7, bytes, set);
    CPU_SET_S(2999, bytes, set);
    return 0;
  };
  EXPECT_EQ(readCpuSet(get), (std::vector{7, 2999}));
  EXPECT_TRUE(readCpuSet([](size_t, cpu_set_t*) { return EPERM; }).empty());
  EXPECT_TRUE(readCpuSet([](size_t, cpu_set_t*) { return EINVAL; }).empty());
}

TEST(Cpus, OneThatIsNotThereIsAnError) {
  std::thread([] {
    for (int cpu : {-1, 1023, 1024, kMostCpus - 1, kMostCpus, 100000})
      EXPECT_EQ(pinThisThread(cpu).code(), StatusCode::kDeviceFailed) << cpu;
    const std::vector<int> before = affinityOfThisThread();
    // Those that there are stay.
    restoreAffinity({before[0], 5000});
    EXPECT_EQ(affinityOfThisThread(), std::vector<int>{before[0]});
    widenAffinity();
    EXPECT_GE(affinityOfThisThread().size(), before.size());
  }).join();
}

TEST(Cpus, SharesOfRanksAreDisjointAndComplete) {
  const std::vector<int> cpus = {4, 5, 6, 7, 12, 14, 13};
  for (size_t count : {1, 2, 3, 7}) {
    std::vector<int> all;
    for (const std::vector<int>& share : shareCpus(std::vector(count, cpus))) {
      EXPECT_GE(share.size(), cpus.size() / count);
      all.insert(all.end(), share.begin(), share.end());
    }
    EXPECT_EQ(all, cpus);
  }
  EXPECT_EQ(shareCpus(std::vector(8, cpus)), std::vector<std::vector<int>>(8));
}

TEST(Cpus, SharesOfUnlikeSets) {
  using Lists = std::vector<std::vector<int>>;
  EXPECT_EQ(shareCpus({{0, 1, 2, 3}, {1, 0}}), (Lists{{2, 3}, {1, 0}}));
  EXPECT_EQ(shareCpus({{0, 1}, {1, 2}, {2, 3}}), (Lists{{0}, {1, 2}, {3}}));
  EXPECT_EQ(shareCpus({{0, 1, 2, 3}, {2, 3, 4, 5}}), (Lists{{0, 1, 2}, {3, 4, 5}}));
  EXPECT_EQ(shareCpus({{0}, {0, 1}}), (Lists{{0}, {1}}));
  // One cpu for two: nobody is pinned.
  EXPECT_EQ(shareCpus({{0}, {0}, {0, 1}}), Lists(3));
}

}  // namespace
}  // namespace mlc::team
