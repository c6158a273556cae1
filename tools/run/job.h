// mlc-run's work: the ranks of the job get the model's package, run it together and report.
#pragma once

#include "tools/options/options.h"

namespace mlc::tools {

// On the ranks of the MPI job that this process is part of, or, without mpirun, on as many threads
// as the package, plan, mesh or device file has ranks (one, if none is given). Returns the exit
// code.
int runJob(const RunOptions& options);

// Whether this process is rank 0 of its MPI job, or of none.
bool isFirstOfJob();

}  // namespace mlc::tools
