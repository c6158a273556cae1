// The kernel's wait for a word of memory, which processes may share.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <ctime>

namespace mlc::collectives {

// Whoever waits looks that often whether there is still something to wait for.
inline constexpr std::chrono::milliseconds kLongestSleep{10};

// Returns when the word is woken, has another value, or the time is over; or earlier.
inline void sleepWhile(std::atomic<uint32_t>& word, uint32_t value,
                       std::chrono::nanoseconds atMost = kLongestSleep) {
  static_assert(std::atomic<uint32_t>::is_always_lock_free);
  const timespec limit{0, static_cast<long>(atMost.count())};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, value, &limit, nullptr, 0);
}

inline void wakeAll(std::atomic<uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace mlc::collectives
