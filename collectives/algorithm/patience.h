// How to wait for other ranks: a short while at full attention, then letting others run, and only
// then asleep, since to be woken takes longer than most waits.
#pragma once

#include <immintrin.h>
#include <sched.h>
#include <unistd.h>

namespace mlc::collectives {

// For waiters among that many ranks on one host. Where they share cores, whoever waits must not
// keep the others from running: nobody spins.
inline int spinsFor(int ranksOfHost) {
  constexpr int kSpins = 1000;  // about 50 microseconds
  return ranksOfHost <= ::sysconf(_SC_NPROCESSORS_ONLN) ? kSpins : 0;
}

class Patience {
 public:
  explicit Patience(int spins, int yields = 50) : spins_(spins), most_(spins + yields) {}

  // Lets a little time pass; false at once when it is time to sleep instead.
  bool pass() {
    if (passed_ >= most_) return false;
    if (passed_++ < spins_) {
      _mm_pause();
    } else {
      ::sched_yield();
    }
    return true;
  }

 private:
  int spins_, most_;
  int passed_ = 0;
};

}  // namespace mlc::collectives
