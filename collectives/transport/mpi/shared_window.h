// Memory that all ranks of a communicator on one host share, for reductions that read the others'
// data directly.
#pragma once

#include <mpi/mpi.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "collectives/communicator.h"

namespace mlc::collectives {

// Reduces in rank order, in chunks of the window: each rank writes its chunk into its part, reduces
// its share of all parts, and reads the result (two-shot; below kOneShotBytes every rank reduces
// everything itself).
class SharedWindow {
 public:
  // Null where the ranks are not all on one host, or shared memory is not to be had.
  static std::unique_ptr<SharedWindow> create(MPI_Comm communicator);
  ~SharedWindow();

  void allReduce(void* data, int64_t count, DType dtype, Reduction reduction);

 private:
  SharedWindow(MPI_Win window, int rank, std::vector<char*> parts);
  void arriveAndWait();
  void reduceChunk(char* data, int64_t count, int64_t elementBytes, DType dtype,
                   Reduction reduction);

  MPI_Win window_;
  int rank_;
  std::vector<char*> parts_;  // per rank: a flag line, two input buffers, a result buffer
  std::vector<const void*> inputs_;
  uint32_t epoch_ = 0;
  uint32_t chunk_ = 0;
  int spins_;
};

}  // namespace mlc::collectives
