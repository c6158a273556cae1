// Ranks of one host: collectives go through shared memory.
#pragma once

#include <memory>
#include <vector>

#include "collectives/transport/mpi/mpi_communicator.h"
#include "collectives/transport/mpi/shared_window.h"

namespace mlc::collectives {

// Data goes in steps as long as a buffer of the window: every rank writes its own into its
// buffer, and after a meeting takes what it needs from the others' buffers.
class SharedCommunicator : public MpiCommunicator {
 public:
  SharedCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks,
                     std::unique_ptr<SharedWindow> window);

  Status barrier() override;
  Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) override;
  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override;
  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       Reduction reduction) override;
  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override;
  Status broadcast(void* data, int64_t bytes, int root) override;

 private:
  Status agreeToSplit() override;
  Status meet(Collective collective, uint64_t sizes, DType dtype, int choice = 0);
  // After meet(): combines data, which this rank has shown, with the others' buffers.
  Status reduceBuffers(char* data, int64_t count, DType dtype, Reduction reduction);
  // The largest of all ranks' counts of an all-to-all; kInvalid on all where they do not match.
  StatusOr<int64_t> exchangeCounts(const std::vector<int64_t>& sendCounts,
                                   const std::vector<int64_t>& receiveCounts, DType dtype);

  // Bytes of a buffer for each rank, where a buffer has pieces for all of them.
  int64_t pieceBytes() const;

  std::unique_ptr<SharedWindow> window_;  // freed before the ranks
  std::vector<const void*> parts_;        // one per rank
};

}  // namespace mlc::collectives
