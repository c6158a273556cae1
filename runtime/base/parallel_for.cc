#include "runtime/base/parallel_for.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace mlc {
namespace {

int64_t cpusOfThisThread() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return std::max(1u, std::thread::hardware_concurrency());  // more CPUs than the set has bits
}

}  // namespace

void parallelFor(int threads, int64_t count, const std::function<void(int64_t)>& body) {
  const int64_t used = std::min({int64_t{threads}, count, cpusOfThisThread()});
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (int64_t i = next++; i < count; i = next++) body(i);
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      if (used > 1) others.reserve(static_cast<size_t>(used) - 1);
      while (static_cast<int64_t>(others.size()) + 1 < used) others.emplace_back(work);
    } catch (const std::exception&) {
      // No thread or no memory for one: those that run do all.
    }
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace mlc
