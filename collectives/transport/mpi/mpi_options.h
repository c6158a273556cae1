// What a job over MPI is told.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/status.h"

namespace mlc::collectives {

struct MpiOptions {
  std::string library;       // the path of libmlc_mpi.so; empty: beside the executable
  bool sharedMemory = true;  // for collectives of ranks on one host; else all goes by messages
  // A rank that says nothing for longer is lost (HeartbeatOptions).
  double stallSeconds = 10;
  // Called once, from a thread of its own, when a rank is lost or has called abort(): to tell the
  // user, where `reports`, and to end the process, whose main thread may be stuck in MPI. Where it
  // returns, the communicators fail with the cause.
  std::function<void(const Status& cause, bool reports)> onFailure;
};

}  // namespace mlc::collectives
