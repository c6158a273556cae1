// Ranks of one host: collectives go through shared memory.
#pragma once

#include <memory>
#include <vector>

#include "collectives/transport/mpi/mpi_communicator.h"
#include "collectives/transport/mpi/shared_window.h"

namespace mlc::collectives {

// Long data that lies in the memory that the ranks share (Communicator::allocate()) is read and
// written in place. All else goes in steps as long as a buffer of the window: every rank writes its
// own into its buffer, and after a meeting takes what it needs from the others' buffers.
class SharedCommunicator : public MpiCommunicator {
 public:
  SharedCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks,
                     std::unique_ptr<SharedWindow> window);

  Status agree(const CallSignature& signature) override;
  Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) override;
  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override;
  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       Reduction reduction) override;
  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override;
  Status broadcast(void* data, int64_t bytes, int root) override;

 private:
  // After meet(): whether all ranks have shown their data.
  bool isDataShared() const;
  // After meet(), of shared data.
  void reduceInPlace(int64_t count, DType dtype, Reduction reduction);
  // After meet(): combines data, which this rank has shown, with the others' buffers.
  Status reduceBuffers(char* data, int64_t count, DType dtype, Reduction reduction);
  // Shows `in`, `bytes` in all, and the counts of an all-to-all; gives all ranks'.
  struct Pieces;
  StatusOr<std::vector<Pieces>> showPieces(const void* in, const std::vector<int64_t>& sendCounts,
                                           const std::vector<int64_t>& receiveCounts, int64_t bytes,
                                           const CallSignature& signature);

  // Bytes of a buffer for each rank, where a buffer has pieces for all of them.
  int64_t pieceBytes() const;

  std::unique_ptr<SharedWindow> window_;  // freed before the ranks
  std::vector<const void*> parts_;        // one per rank
  std::vector<void*> places_;             // likewise
};

}  // namespace mlc::collectives
