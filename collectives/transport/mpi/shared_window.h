// Memory that all ranks of a communicator on one host share: a place where they meet, show what
// call they are in, and leave bytes for the others.
//
//   rank 0: | slot | buffer A | buffer B | result |   rank 1: | slot | ...
#pragma once

#include <mpi/mpi.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "collectives/algorithm/call_signature.h"
#include "collectives/transport/mpi/mpi_job.h"

namespace mlc::collectives {

class SharedWindow {
 public:
  static constexpr int64_t kBufferBytes = 128 * 1024;

  // Called by all ranks. Null on all where they are not on one host, or where shared memory is not
  // to be had. The job, borrowed, may cancel the meetings, and its messages move on in them.
  static std::unique_ptr<SharedWindow> create(MPI_Comm communicator, const MpiJob& job);
  // The ranks that wait for this one get kDeviceFailed; then waits for all to destroy theirs, if
  // the job goes on.
  ~SharedWindow();

  // kBufferBytes for what this rank will show in the next meet(). Free to be written at any time:
  // two buffers take turns.
  char* buffer() const;
  // Waits for all ranks. Either all get the same kInvalid, because they disagree, or none does.
  Status meet(const CallSignature& signature);
  // What rank showed in the last meet(); stays until this rank meets again.
  const char* bufferOf(int rank) const;

  // kBufferBytes to be written between meet() and meetAgain(), and read by all from there to the
  // next meet().
  char* result() const { return resultOf(rank_); }
  char* resultOf(int rank) const;
  // Waits for all ranks, which agree already.
  Status meetAgain();

 private:
  struct Slot;

  SharedWindow(MPI_Win window, int rank, std::vector<char*> parts, const MpiJob& job);
  Slot& slotOf(int rank) const;
  Status waitFor(int rank) const;

  const MpiJob& job_;
  MPI_Win window_;
  int rank_;
  std::vector<char*> parts_;  // by rank
  uint32_t meetings_ = 0;     // of both kinds
  uint32_t turn_ = 0;         // of meet()
  int spins_;
};

}  // namespace mlc::collectives
