// Where the threads of a group meet, and learn that one of them is gone.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/base/status.h"

namespace mlc::collectives {

// A barrier of `size` threads that spins briefly, then sleeps.
class Rendezvous {
 public:
  explicit Rendezvous(int size);

  // Returns once all threads have come; what they wrote before is visible afterwards. Fails with
  // kDeviceFailed where one is gone instead.
  Status meet();

  // This thread comes no more: it is told to those who wait for it, now or later.
  void leave(int rank);

 private:
  const uint32_t size_;
  int spins_;
  alignas(64) std::atomic<uint32_t> missing_;
  // Twice the number of meetings held, plus 1 when somebody has left.
  alignas(64) std::atomic<uint32_t> state_{0};
  std::atomic<int> left_{-1};
};

}  // namespace mlc::collectives
