// What all communicators of a job share.
#pragma once

#include <mpi/mpi.h>

#include <atomic>
#include <memory>

#include "collectives/algorithm/cancellation.h"
#include "collectives/heartbeat/heartbeat.h"
#include "collectives/transport/mpi/host_memory.h"

namespace mlc::collectives {

// MPI is finalized with the last communicator, and only then is the heartbeat: ranks wait for each
// other there too.
struct MpiJob {
  ~MpiJob() {
    if (!cancellation.requested()) MPI_Finalize();
  }

  // Lets MPI move messages on, where some are under way: it does so only while somebody calls it.
  void progress() const {
    if (transfers.load(std::memory_order_relaxed) == 0) return;
    int found = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &found, MPI_STATUS_IGNORE);
  }

  std::unique_ptr<HostMemory> memory;  // null: ranks of this host use messages
  int ranksOfHost = 1;                 // ranks of the whole job that share this host's cores
  Cancellation cancellation;
  std::atomic<int> transfers = 0;  // under way
  std::unique_ptr<Heartbeat> heartbeat;
};

}  // namespace mlc::collectives
