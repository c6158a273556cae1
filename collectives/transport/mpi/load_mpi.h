// Loads the MPI transport, which is a shared object of its own, so that nothing else links MPI.
#pragma once

#include <memory>
#include <string>

#include "collectives/communicator.h"

namespace mlc::collectives {

// Whether this process was started by mpirun (or srun with PMIx).
bool startedByMpirun();

// The world communicator of the job. `library` is the path of libmlc_mpi.so; empty: beside the
// executable. MPI ends when the last communicator does. To be called once, by the main thread.
StatusOr<std::unique_ptr<Communicator>> createMpiCommunicator(const std::string& library = {});

// Ends the whole job at once, with that exit code: for a rank that cannot go on while others wait
// for it.
[[noreturn]] void abortMpiJob(int exitCode);

}  // namespace mlc::collectives
