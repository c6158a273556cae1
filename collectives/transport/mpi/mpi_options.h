// What a job over MPI is told.
#pragma once

#include <functional>
#include <string>

#include "collectives/algorithm/job_failure.h"

namespace mlc::collectives {

struct MpiOptions {
  std::string library;       // the path of libmlc_mpi.so; empty: beside the executable
  bool sharedMemory = true;  // for collectives of ranks on one host; else all goes by messages
  // What this rank is said to run on; empty: the host's name. Ranks of one name must share a host.
  std::string host;
  // A rank that says nothing for longer is lost (HeartbeatOptions).
  double stallSeconds = 10;
  // Called once, from a thread of its own, when a rank is lost or has called abort(): to tell the
  // user, on the rank that reports, and to end the process, whose main thread may be stuck in MPI.
  // Where it returns, the communicators fail with the cause.
  std::function<void(const JobFailure&)> onFailure;
};

}  // namespace mlc::collectives
