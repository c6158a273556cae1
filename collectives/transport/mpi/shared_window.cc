#include "collectives/transport/mpi/shared_window.h"

#include <atomic>
#include <cstring>
#include <string>

#include "collectives/algorithm/futex.h"
#include "collectives/algorithm/patience.h"

namespace mlc::collectives {
namespace {

constexpr int64_t kSlotBytes = 4096;  // a page, so that buffers are aligned to pages
constexpr int64_t kPartBytes = kSlotBytes + 3 * SharedWindow::kBufferBytes;

// Between two looks at messages under way.
constexpr std::chrono::microseconds kSleepWithTransfers{100};

}  // namespace

// One cache line.
struct SharedWindow::Slot {
  std::atomic<uint32_t> meetings = 0;
  std::atomic<uint32_t> sleepers = 0;  // ranks that sleep until meetings changes
  std::atomic<bool> left = false;
  CallSignature signatures[2];
};
static_assert(std::atomic<uint32_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

std::unique_ptr<SharedWindow> SharedWindow::create(MPI_Comm communicator, const MpiJob& job) {
  int size = 0, rank = 0, local = 0;
  MPI_Comm_size(communicator, &size);
  MPI_Comm_rank(communicator, &rank);
  MPI_Comm host;
  if (MPI_Comm_split_type(communicator, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &host) !=
      MPI_SUCCESS) {
    return nullptr;
  }
  MPI_Comm_size(host, &local);
  MPI_Comm_set_errhandler(host, MPI_ERRORS_RETURN);
  MPI_Win window = MPI_WIN_NULL;
  char* own = nullptr;
  int usable = local == size && MPI_Win_allocate_shared(kPartBytes, 1, MPI_INFO_NULL, host, &own,
                                                        &window) == MPI_SUCCESS;
  MPI_Comm_free(&host);
  int all = 0;
  MPI_Allreduce(&usable, &all, 1, MPI_INT, MPI_MIN, communicator);
  if (!all) {
    if (window != MPI_WIN_NULL) MPI_Win_free(&window);
    return nullptr;
  }
  std::vector<char*> parts(static_cast<size_t>(size));
  for (int r = 0; r < size; ++r) {
    MPI_Aint bytes = 0;
    int unit = 0;
    MPI_Win_shared_query(window, r, &bytes, &unit, &parts[static_cast<size_t>(r)]);
  }
  // The pages of a part come from the memory near the rank that writes it first.
  std::memset(own, 0, kPartBytes);
  new (own) Slot;
  MPI_Barrier(communicator);
  return std::unique_ptr<SharedWindow>(new SharedWindow(window, rank, std::move(parts), job));
}

SharedWindow::SharedWindow(MPI_Win window, int rank, std::vector<char*> parts, const MpiJob& job)
    : job_(job),
      window_(window),
      rank_(rank),
      parts_(std::move(parts)),
      spins_(spinsFor(job.ranksOfHost)) {}

SharedWindow::~SharedWindow() {
  // Of a job that has ended the others learn the cause, not that this rank has left.
  if (job_.cancellation.requested()) return;
  slotOf(rank_).left.store(true, std::memory_order_release);
  MPI_Win_free(&window_);
}

SharedWindow::Slot& SharedWindow::slotOf(int rank) const {
  return *reinterpret_cast<Slot*>(parts_[static_cast<size_t>(rank)]);
}

// The buffer of the last meet() is the odd or even one by turn_; others may still read it when
// this rank writes the next. The one before it is free: all ranks have come to a later meeting.
char* SharedWindow::buffer() const {
  return parts_[static_cast<size_t>(rank_)] + kSlotBytes + (turn_ + 1) % 2 * kBufferBytes;
}

const char* SharedWindow::bufferOf(int rank) const {
  return parts_[static_cast<size_t>(rank)] + kSlotBytes + turn_ % 2 * kBufferBytes;
}

char* SharedWindow::resultOf(int rank) const {
  return parts_[static_cast<size_t>(rank)] + kSlotBytes + 2 * kBufferBytes;
}

Status SharedWindow::meet(const CallSignature& signature) {
  if (job_.cancellation.requested()) return job_.cancellation.cause();
  ++turn_;
  slotOf(rank_).signatures[turn_ % 2] = signature;
  MLC_RETURN_IF_ERROR(meetAgain());
  for (int r = 0; r < static_cast<int>(parts_.size()); ++r) {
    if (slotOf(r).signatures[turn_ % 2] != signature) return disagreement(rank_, r);
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
