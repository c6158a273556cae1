// Why a job ends before its time.
#pragma once

#include <atomic>
#include <mutex>
#include <utility>

#include "runtime/base/status.h"

namespace mlc::collectives {

// Shared by a world's communicators and those split from it, and looked at by whoever waits: waits
// sleep for kLongestSleep at most before they look again. Safe to use from any thread.
class Cancellation {
 public:
  bool requested() const { return requested_.load(std::memory_order_acquire); }

  // OK until it is requested.
  Status cause() const {
    const std::lock_guard lock(mutex_);
    return cause_;
  }

  // The first cause counts. Whether this one is it.
  bool request(Status cause) {
    const std::lock_guard lock(mutex_);
    if (requested()) return false;
    cause_ = std::move(cause);
    requested_.store(true, std::memory_order_release);
    return true;
  }

 private:
  mutable std::mutex mutex_;
  Status cause_;
  std::atomic<bool> requested_ = false;
};

}  // namespace mlc::collectives
