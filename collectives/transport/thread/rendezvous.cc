#include "collectives/transport/thread/rendezvous.h"

#include <string>

#include "collectives/algorithm/patience.h"

namespace mlc::collectives {

Rendezvous::Rendezvous(int size, const Cancellation& cancellation)
    : size_(static_cast<uint32_t>(size)),
      cancellation_(cancellation),
      spins_(spinsFor(size)),
      missing_(static_cast<uint32_t>(size)) {}

Status Rendezvous::meet(bool cancellable) {
  if (cancellable && cancellation_.requested()) return cancellation_.cause();
  const uint32_t meeting = state_.load(std::memory_order_acquire) & ~kClosed;
  if (missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    missing_.store(size_, std::memory_order_relaxed);
    uint32_t open = meeting;
    if (!state_.compare_exchange_strong(open, meeting + kMeeting)) return reason();
    wakeSleepers();
    return okStatus();
  }
  for (Patience patience(spins_);;) {
    uint32_t state = state_.load(std::memory_order_acquire);
    // Either the last to come holds the meeting, or somebody closes: never both.
    if (state == meeting && cancellable && cancellation_.requested()) {
      if (state_.compare_exchange_strong(state, meeting | kClosed)) wakeSleepers();
      continue;
    }
    if ((state & ~kClosed) != meeting) return okStatus();
    if (state & kClosed) return reason();
    if (patience.pass()) continue;
    // In one order with wakeSleepers(): either it sees the sleeper, or the sleeper the new state.
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    if (state_.load(std::memory_order_seq_cst) == state) sleepWhile(state_, state);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void Rendezvous::leave(int rank) {
  int nobody = -1;
  left_.compare_exchange_strong(nobody, rank);
  state_.fetch_or(kClosed, std::memory_order_seq_cst);
  wakeSleepers();
}

void Rendezvous::wakeSleepers() {
  if (sleepers_.load(std::memory_order_seq_cst) > 0) wakeAll(state_);
}

Status Rendezvous::reason() const {
  if (cancellation_.requested()) return cancellation_.cause();
  return deviceError("rank " + std::to_string(left_.load()) + " has left the group");
}

}  // namespace mlc::collectives
