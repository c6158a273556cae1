// Communication between the ranks of a job: one interface, one folder per transport.
//
// Collectives are called by every rank of the communicator, in the same order and with matching
// arguments; what does not match is an error on every rank wherever it can be seen. Reductions
// combine in rank order, over several hosts first the ranks of each, then the hosts in the order of
// their first ranks: so every rank gets the same bits, run after run. Counts are elements, and may
// be zero or uneven. Pointers of empty parts may be null.
//
// Threads: one thread at a time calls collectives of a communicator; send(), receive() and their
// requests may be used by others meanwhile.
//
// Errors: kInvalid for arguments that are wrong or do not match those of another rank,
// kDeviceFailed for a peer that is gone or a link that failed, and the cause once somebody has
// called abort(). After kDeviceFailed, and after kInvalid that some ranks saw and others did not,
// the communicator is of no more use: whoever sees it aborts, and the job ends.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/aligned_buffer.h"
#include "runtime/base/dtype.h"
#include "runtime/base/status.h"

namespace mlc::collectives {

// The values are those of compiled programs (runtime/abi/abi.h). f16 and bf16 are combined in f32
// and rounded at the end, over several hosts also what each host has; integers wrap around; min and
// max of a NaN are NaN; bool sum and max are or, min and prod are and.
enum class Reduction { kSum = 0, kMin = 1, kMax = 2, kProd = 3 };

// Tags of messages go from 0 to kMaxTag.
inline constexpr int kMaxTag = 32766;

// A send or receive under way. Its buffer must not be touched before it is done. The destructor of
// one that is not done withdraws it, or waits where it has begun.
class Request {
 public:
  virtual ~Request() = default;
  // Returns once the transfer is done or has failed; afterwards returns the same again.
  [[nodiscard]] virtual Status wait() = 0;
  // Whether wait() would return at once. Moves the transfer on, without blocking.
  [[nodiscard]] virtual bool test() = 0;
};

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  // The name of the host that a rank runs on. Ranks of one name share its network, not always its
  // files.
  virtual const std::string& hostOf(int rank) const = 0;

  [[nodiscard]] virtual Status barrier() = 0;

  // In place: data holds count elements, the rank's own before and the reduction after.
  [[nodiscard]] virtual Status allReduce(void* data, int64_t count, DType dtype,
                                         Reduction reduction) = 0;

  // Rank r gives counts[r] elements; out gets them all in rank order. In place where `in` lies at
  // its place in `out`; otherwise they do not overlap.
  [[nodiscard]] virtual Status allGather(const void* in, void* out,
                                         const std::vector<int64_t>& counts, DType dtype) = 0;

  // Every rank gives sum(counts) elements, rank r gets the reduction of its counts[r] of them. `in`
  // and `out` do not overlap.
  [[nodiscard]] virtual Status reduceScatter(const void* in, void* out,
                                             const std::vector<int64_t>& counts, DType dtype,
                                             Reduction reduction) = 0;

  // `in` has sendCounts[r] elements for rank r, in rank order; `out` gets receiveCounts[r] from it.
  // `in` and `out` do not overlap.
  [[nodiscard]] virtual Status allToAll(const void* in, const std::vector<int64_t>& sendCounts,
                                        void* out, const std::vector<int64_t>& receiveCounts,
                                        DType dtype) = 0;

  // In place: root's bytes become everybody's.
  [[nodiscard]] virtual Status broadcast(void* data, int64_t bytes, int root) = 0;

  // Point to point. Messages between two ranks with the same tag arrive in order; the receiver
  // knows the size. Starts the transfer; errors come from wait(). A send may wait for its receive.
  [[nodiscard]] virtual std::unique_ptr<Request> send(const void* data, int64_t bytes, int to,
                                                      int tag) = 0;
  [[nodiscard]] virtual std::unique_ptr<Request> receive(void* data, int64_t bytes, int from,
                                                         int tag) = 0;

  // A communicator of the ranks that give the same color (at least 0), ordered by key, then by
  // rank. Called by all ranks. Ranks destroy the communicators they share in the same order.
  [[nodiscard]] virtual StatusOr<std::unique_ptr<Communicator>> split(int color, int key) = 0;

  // Ends the world and all that was split from it, on all ranks: calls that wait, and those that
  // follow, fail with this cause everywhere. The first cause counts. For errors that only this rank
  // knows of; the cause names the rank. From any thread.
  virtual void abort(const Status& cause) = 0;
  // The cause, once some rank has called abort(); OK until then. From any thread.
  [[nodiscard]] virtual Status failure() const = 0;

  // Memory for data of collectives, aligned to 64 bytes and not initialised. Where all ranks' data
  // lies in such memory, of any communicator of their world, ranks of one host read and write it in
  // place instead of copying it aside. Ordinary memory where there is no more of it. From any
  // thread; keeps what it needs of the world alive.
  virtual StatusOr<std::shared_ptr<void>> allocate(int64_t bytes, const std::string& purpose) {
    MLC_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                         AlignedBuffer::allocate(static_cast<size_t>(bytes), purpose));
    return std::shared_ptr<void>(buffer.release(), [](void* memory) { std::free(memory); });
  }

  // Moves the messages under way on, as Request::test() does for one; costs nothing where there are
  // none. To be called now and then by who computes long. From any thread.
  virtual void progress() = 0;
};

}  // namespace mlc::collectives
