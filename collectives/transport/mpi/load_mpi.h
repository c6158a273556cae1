// Loads the MPI transport, which is a shared object of its own, so that nothing else links MPI.
#pragma once

#include <memory>
#include <string>

#include "collectives/communicator.h"

namespace mlc::collectives {

// Whether this process was started by mpirun (or srun with PMIx).
bool startedByMpirun();

struct MpiOptions {
  std::string library;       // the path of libmlc_mpi.so; empty: beside the executable
  bool sharedMemory = true;  // for collectives of ranks on one host; else all goes by messages
};

// The world communicator of the job. MPI ends with the last communicator. To be called once, by the
// main thread.
StatusOr<std::unique_ptr<Communicator>> createMpiCommunicator(const MpiOptions& options = {});

// Ends the whole job at once, with that exit code: for a rank that cannot go on while others wait
// for it.
[[noreturn]] void abortMpiJob(int exitCode);

}  // namespace mlc::collectives
