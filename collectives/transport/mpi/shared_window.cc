#include "collectives/transport/mpi/shared_window.h"

#include <unistd.h>

#include <atomic>
#include <string>

#include "collectives/algorithm/futex.h"
#include "collectives/algorithm/patience.h"
#include "collectives/transport/mpi/mpi_calls.h"

namespace mlc::collectives {
namespace {

constexpr int64_t kSlotBytes = 4096;  // a page, so that buffers are aligned to pages
constexpr int64_t kPartBytes = kSlotBytes + 3 * SharedWindow::kBufferBytes;

// A buffer of so few bytes is in the slot.
constexpr int64_t kSlotDataBytes = 16;

// Between two looks at messages under way.
constexpr std::chrono::microseconds kSleepWithTransfers{100};

}  // namespace

// What all look at in a meeting is in the first cache line.
struct alignas(64) SharedWindow::Slot {
  struct Turn {
    uint64_t digest = 0;  // of the signature
    char bytes[kSlotDataBytes] = {};
  };

  std::atomic<uint32_t> meetings = 0;
  std::atomic<uint32_t> sleepers = 0;  // ranks that sleep until meetings changes
  std::atomic<bool> left = false;
  Turn turns[2];
  alignas(64) int64_t data[2] = {};  // HostMemory::offsetOf()
  std::atomic<uint32_t> parted = 0;  // ranks that will not look at it again
};
static_assert(std::atomic<uint32_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

StatusOr<std::unique_ptr<SharedWindow>> SharedWindow::create(const Ranks& ranks,
                                                             const MpiJob& job) {
  // Of one host either all ranks have memory or none has.
  if (!job.memory || !ranks.areOnOneHost()) return std::unique_ptr<SharedWindow>();
  StatusOr<char*> own = job.memory->allocate(kPartBytes);
  int64_t offset = -1;
  std::unique_ptr<SharedWindow> window;
  if (own.ok()) {
    new (*own) Slot;
    offset = job.memory->offsetOf(*own, kPartBytes);
    window.reset(new SharedWindow(job, ranks.rank(), *own));
  }
  std::vector<int64_t> offsets(static_cast<size_t>(ranks.size()));
  MLC_MPI(MPI_Allgather(&offset, 1, MPI_INT64_T, offsets.data(), 1, MPI_INT64_T, ranks.handle()));
  MLC_RETURN_IF_ERROR(own.status());
  for (int r = 0; r < ranks.size(); ++r) {
    const int64_t theirs = offsets[static_cast<size_t>(r)];
    if (theirs < 0)
      return outOfMemoryError("rank " + std::to_string(r) + " has no memory to share");
    window->memories_.push_back(job.memory->of(ranks.worldRankOf(r)));
    window->parts_.push_back(window->memories_.back() + theirs);
  }
  window->spins_ = spinsFor(job.ranksOfHost);
  return window;
}

SharedWindow::~SharedWindow() {
  // Of a job that has ended the others learn the cause, not that this rank has left.
  if (parts_.empty() || job_.cancellation.requested()) return;
  slotOf(rank_).left.store(true, std::memory_order_release);
  const auto waitUntil = [&](const auto& condition) {
    for (Patience patience(spins_); !condition();) {
      if (job_.cancellation.requested()) return false;
      job_.progress();
      if (!patience.pass()) ::usleep(50);
    }
    return true;
  };
  // Nobody looks at a slot again once he has counted himself there: only then is it free.
  for (int r = 0; r < static_cast<int>(parts_.size()); ++r) {
    if (!waitUntil([&] { return slotOf(r).left.load(std::memory_order_acquire); })) return;
  }
  for (int r = 0; r < static_cast<int>(parts_.size()); ++r)
    slotOf(r).parted.fetch_add(1, std::memory_order_release);
  if (waitUntil(
          [&] { return slotOf(rank_).parted.load(std::memory_order_acquire) == parts_.size(); }))
    job_.memory->free(own_);
}

SharedWindow::Slot& SharedWindow::slotOf(int rank) const {
  return *reinterpret_cast<Slot*>(parts_[static_cast<size_t>(rank)]);
}

char* SharedWindow::bufferOf(int rank, uint32_t turn, int64_t bytes) const {
  if (bytes <= kSlotDataBytes) return slotOf(rank).turns[turn % 2].bytes;
  return parts_[static_cast<size_t>(rank)] + kSlotBytes + turn % 2 * kBufferBytes;
}

// The buffer of the last meet() is the odd or even one by turn_; others may still read it when
// this rank writes the next. The one before it is free: all ranks have come to a later meeting.
char* SharedWindow::buffer(int64_t bytes) const { return bufferOf(rank_, turn_ + 1, bytes); }

const char* SharedWindow::bufferOf(int rank, int64_t bytes) const {
  return bufferOf(rank, turn_, bytes);
}

char* SharedWindow::resultOf(int rank) const {
  return parts_[static_cast<size_t>(rank)] + kSlotBytes + 2 * kBufferBytes;
}

bool SharedWindow::isShared(const void* data, int64_t bytes) const {
  return job_.memory->offsetOf(data, bytes) >= 0;
}

char* SharedWindow::dataOf(int rank) const {
  const int64_t offset = slotOf(rank).data[turn_ % 2];
  return offset < 0 ? nullptr : memories_[static_cast<size_t>(rank)] + offset;
}

Status SharedWindow::meet(const CallSignature& signature, const void* data, int64_t bytes) {
  if (job_.cancellation.requested()) return job_.cancellation.cause();
  ++turn_;
  const uint64_t digest = digestOf(signature);
  slotOf(rank_).turns[turn_ % 2].digest = digest;
  slotOf(rank_).data[turn_ % 2] = data ? job_.memory->offsetOf(data, bytes) : -1;
  MLC_RETURN_IF_ERROR(meetAgain());
  for (int r = 0; r < static_cast<int>(parts_.size()); ++r) {
    if (slotOf(r).turns[turn_ % 2].digest != digest) return disagreement(rank_, r);
  }
  return okStatus();
}

Status SharedWindow::meetAgain() {
  // A rank that has given up must not take part.
  if (job_.cancellation.requested()) return job_.cancellation.cause();
  ++meetings_;
  Slot& own = slotOf(rank_);
  // In one order with the sleepers' count and look: either they see this, or this sees them.
  own.meetings.store(meetings_, std::memory_order_seq_cst);
  if (own.sleepers.load(std::memory_order_seq_cst) > 0) wakeAll(own.meetings);
  for (int r = 0; r < static_cast<int>(parts_.size()); ++r) MLC_RETURN_IF_ERROR(waitFor(r));
  return okStatus();
}

Status SharedWindow::waitFor(int rank) const {
  Slot& slot = slotOf(rank);
  for (Patience patience(spins_);;) {
    const uint32_t meetings = slot.meetings.load(std::memory_order_acquire);
    if (static_cast<int32_t>(meetings - meetings_) >= 0) return okStatus();
    if (slot.left.load(std::memory_order_acquire) &&
        slot.meetings.load(std::memory_order_acquire) == meetings) {
      return deviceError("rank " + std::to_string(rank) + " has left the communicator");
    }
    if (job_.cancellation.requested()) return job_.cancellation.cause();
    // Another rank may wait for one of this rank's messages, and this one for that rank.
    job_.progress();
    if (patience.pass()) continue;
    // Neither a rank that leaves nor a cancellation wakes the others.
    const std::chrono::nanoseconds limit =
        job_.transfers > 0 ? std::chrono::nanoseconds(kSleepWithTransfers) : kLongestSleep;
    slot.sleepers.fetch_add(1, std::memory_order_seq_cst);
    if (slot.meetings.load(std::memory_order_seq_cst) == meetings) {
      sleepWhile(slot.meetings, meetings, limit);
    }
    slot.sleepers.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace mlc::collectives
