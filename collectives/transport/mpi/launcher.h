// What started this rank: Open MPI's mpirun, or its daemon on another host.
#pragma once

namespace mlc::collectives {

// Ends it, and with it this host's ranks. To be called where a host is not reachable: asked to end
// the job, mpirun waits for that host's daemon as long as TCP does, and that daemon for mpirun, a
// quarter of an hour. Asked twice, each gives up. Whether it is gone: it may be something else.
//
// Slurm's is something else, and root's: there MPI_Abort() has the controller end the job's step.
bool endLauncher();

}  // namespace mlc::collectives
