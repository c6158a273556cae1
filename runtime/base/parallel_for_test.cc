#include "runtime/base/parallel_for.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace mlc {
namespace {

TEST(ParallelFor, CallsEachOnce) {
  for (int64_t count : {0, 1, 2, 7, 1000}) {
    for (int threads : {1, 2, 8}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(count));
      parallelFor(threads, count, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
      for (const std::atomic<int>& call : calls) EXPECT_EQ(call, 1);
    }
  }
}

TEST(ParallelFor, StartsNoMoreThreadsThanThisOneHasCpus) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  std::set<std::thread::id> threads;
  std::mutex mutex;
  parallelFor(8, 100, [&](int64_t) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(ParallelFor, ThrowsWhatTheBodyThrows) {
  std::atomic<int> calls{0};
  const auto body = [&](int64_t) {
    ++calls;
    throw std::runtime_error("no");
  };
  EXPECT_THROW(parallelFor(4, 1000, body), std::runtime_error);
  EXPECT_LE(calls, 4);
}

}  // namespace
}  // namespace mlc
