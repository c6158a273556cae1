#include "collectives/transport/thread/rendezvous.h"

#include <string>

#include "collectives/algorithm/patience.h"

namespace mlc::collectives {

Rendezvous::Rendezvous(int size)
    : size_(static_cast<uint32_t>(size)),
      spins_(spinsFor(size)),
      missing_(static_cast<uint32_t>(size)) {}

Status Rendezvous::meet() {
  const uint32_t meeting = state_.load(std::memory_order_acquire) >> 1;
  if (missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    missing_.store(size_, std::memory_order_relaxed);
    state_.fetch_add(2, std::memory_order_acq_rel);
    state_.notify_all();
    return okStatus();
  }
  for (Patience patience(spins_);;) {
    const uint32_t state = state_.load(std::memory_order_acquire);
    if (state >> 1 != meeting) return okStatus();
    if (state & 1) {
      return deviceError("rank " + std::to_string(left_.load()) + " has left the group");
    }
    if (!patience.pass()) state_.wait(state, std::memory_order_acquire);
  }
}

void Rendezvous::leave(int rank) {
  int nobody = -1;
  left_.compare_exchange_strong(nobody, rank);
  state_.fetch_or(1, std::memory_order_acq_rel);
  state_.notify_all();
}

}  // namespace mlc::collectives
