// Where the ranks of a communicator on one host meet, show what call they are in, and leave bytes
// for the others, or say where in their memory the bytes are:
//
//   rank 0: | slot | buffer A | buffer B | result |   rank 1: | slot | ...
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "collectives/algorithm/call_signature.h"
#include "collectives/transport/mpi/mpi_job.h"
#include "collectives/transport/mpi/ranks.h"

namespace mlc::collectives {

class SharedWindow {
 public:
  static constexpr int64_t kBufferBytes = 128 * 1024;

  // Called by all ranks. Null on all where they share no memory. The job, borrowed, has the memory,
  // may cancel the meetings, and has its messages moved on in them.
  static StatusOr<std::unique_ptr<SharedWindow>> create(const Ranks& ranks, const MpiJob& job);
  // The ranks that wait for this one get kDeviceFailed; then waits for all to destroy theirs, if
  // the job goes on.
  ~SharedWindow();

  // For `bytes` that this rank will leave in the next meet(), at most kBufferBytes and the same on
  // all ranks. Free to be written at any time: two buffers take turns. The first few bytes come
  // along with the meeting itself.
  char* buffer(int64_t bytes) const;
  // Waits for all ranks. Either all get the same kInvalid, because they disagree, or none does.
  // Shows them `data` of so many bytes too, where it lies in memory that they share.
  Status meet(const CallSignature& signature, const void* data = nullptr, int64_t bytes = 0);
  // Whether meet() would show these bytes.
  bool isShared(const void* data, int64_t bytes) const;
  // What rank left in its buffer of `bytes` before the last meet(); stays until this rank meets
  // again.
  const char* bufferOf(int rank, int64_t bytes) const;
  // What rank showed in the last meet(); null where it shares none.
  char* dataOf(int rank) const;

  // kBufferBytes to be written between meet() and meetAgain(), and read by all from there to the
  // next meet().
  char* result() const { return resultOf(rank_); }
  char* resultOf(int rank) const;
  // Waits for all ranks, which agree already.
  Status meetAgain();

 private:
  struct Slot;

  SharedWindow(const MpiJob& job, int rank, char* own) : job_(job), rank_(rank), own_(own) {}
  Slot& slotOf(int rank) const;
  char* bufferOf(int rank, uint32_t turn, int64_t bytes) const;
  Status waitFor(int rank) const;

  const MpiJob& job_;
  const int rank_;
  char* const own_;              // of the job's memory, to be freed
  std::vector<char*> parts_;     // by rank
  std::vector<char*> memories_;  // likewise, as HostMemory::of()
  uint32_t meetings_ = 0;        // of both kinds
  uint32_t turn_ = 0;            // of meet()
  int spins_ = 0;
};

}  // namespace mlc::collectives
