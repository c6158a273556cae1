// Loads the MPI transport, which is a shared object of its own, so that nothing else links MPI.
#pragma once

#include <memory>

#include "collectives/communicator.h"
#include "collectives/transport/mpi/mpi_options.h"

namespace mlc::collectives {

// Whether this process was started by mpirun (or srun with PMIx).
bool startedByMpirun();

// The world communicator of the job. MPI ends with the last communicator. To be called once, by the
// main thread.
StatusOr<std::unique_ptr<Communicator>> createMpiCommunicator(const MpiOptions& options = {});

// Ends the whole job with that exit code, after a moment for the ranks that end by themselves. Of a
// job with a host that is not reachable it ends what there is on this one.
[[noreturn]] void abortMpiJob(int exitCode, bool hostIsUnreachable = false);

}  // namespace mlc::collectives
