// Where the threads of a group meet, and learn that one of them is gone.
#pragma once

#include <atomic>
#include <cstdint>

#include "collectives/algorithm/cancellation.h"
#include "collectives/algorithm/futex.h"
#include "runtime/base/status.h"

namespace mlc::collectives {

// A barrier of `size` threads that spins briefly, then sleeps.
class Rendezvous {
 public:
  Rendezvous(int size, const Cancellation& cancellation);

  // Returns once all threads have come; what they wrote before is visible afterwards. Fails with
  // kDeviceFailed where one is gone instead, and with the cause of a cancellation: on all or on
  // none. Not `cancellable`: all are sure to come, and use one another's memory until they do.
  Status meet(bool cancellable = true);

  // This thread comes no more: it is told to those who wait for it, now or later.
  void leave(int rank);

 private:
  void wakeSleepers();
  // Why it is closed.
  Status reason() const;

  static constexpr uint32_t kClosed = 1, kMeeting = 2;

  const uint32_t size_;
  const Cancellation& cancellation_;
  const int spins_;
  alignas(64) std::atomic<uint32_t> missing_;
  // kMeeting times the number of meetings held, plus kClosed when there will be no more.
  alignas(64) std::atomic<uint32_t> state_{0};
  std::atomic<uint32_t> sleepers_{0};  // threads that sleep until state_ changes
  std::atomic<int> left_{-1};
};

}  // namespace mlc::collectives
