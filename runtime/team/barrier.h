// Where the threads of a team meet.
#pragma once

#include <atomic>
#include <cstdint>

namespace mlc::team {

// wait() returns on each of `count` threads when all of them have called it; what they wrote before
// is then visible to all. Reusable at once. Threads spin for some microseconds, then sleep in the
// kernel.
class Barrier {
 public:
  // spin: false where the threads have no cores of their own, so that waiting must give way.
  Barrier(int count, bool spin) : count_(count), spins_(spin ? kSpins : 0) {}

  void wait();

 private:
  // A pause takes 40 to 140 cycles: 5 to 20 us in all.
  static constexpr int kSpins = 500;

  const int count_;
  const int spins_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> generation_{0};
  std::atomic<int> sleepers_{0};
};

}  // namespace mlc::team
