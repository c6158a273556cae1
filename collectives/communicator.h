// Communication between the ranks of a job: one interface, one folder per transport.
//
// Collectives are called by every rank of the communicator, in the same order and with matching arguments. Reductions
// combine in rank order, so every rank gets the same bits, run after run. Counts are elements; a count may be zero. A communicator is
// used by one thread at a time, but for point-to-point calls of transports whose supportsThreads() holds. A call that fails leaves
// the communicator unusable: the job ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/base/status.h"

namespace mlc::collectives {

enum class Reduction { kSum = 0, kMin = 1, kMax = 2, kProd = 3 };

// A send or receive under way. Its buffer must not be touched until wait() returns.
class Request {
 public:
  virtual ~Request() = default;
  [[nodiscard]] virtual Status wait() = 0;
};

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  // The host that a rank runs on.
  virtual const std::string& hostOf(int rank) const = 0;

  virtual Status barrier() = 0;
  // In place: data holds count elements, the rank's own before and the reduction after.
  virtual Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) = 0;
  // Rank r gives counts[r] elements; out gets them all in rank order. `in` may lie at its place in `out`.
  virtual Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                           DType dtype) = 0;
  // Every rank gives sum(counts) elements, rank r gets the reduction of its counts[r] of them. in and out do not overlap.
  virtual Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts,
                               DType dtype, Reduction reduction) = 0;
  // Rank r gets receiveCounts elements, sender by sender; `in` has sendCounts elements, receiver by receiver.
  virtual Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                          const std::vector<int64_t>& receiveCounts, DType dtype) = 0;
  virtual Status broadcast(void* data, int64_t bytes, int root) = 0;

  // Point to point. Messages between two ranks with the same tag arrive in order. The receiver knows the size.
  virtual std::unique_ptr<Request> send(const void* data, int64_t bytes, int to, int tag) = 0;
  virtual std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int tag) = 0;

  // A communicator of the ranks that give the same color, ordered by key, then by rank. Called by all ranks.
  virtual StatusOr<std::unique_ptr<Communicator>> split(int color, int key) = 0;
};

}  // namespace mlc::collectives
