// Sends and receives of any number of bytes, each as one MPI message.
#pragma once

#include <mpi/mpi.h>

#include <cstdint>
#include <memory>
#include <span>

#include "collectives/communicator.h"
#include "collectives/transport/mpi/mpi_job.h"

namespace mlc::collectives {

// kCollectiveTag is apart from the tags of users.
inline constexpr int kCollectiveTag = kMaxTag + 1;

// The job is borrowed: it counts the transfers under way, and its cancellation ends their waits.
std::unique_ptr<Request> startSend(MpiJob& job, MPI_Comm communicator, const void* data,
                                   int64_t bytes, int to, int tag);
// wait() gives kInvalid where the message has another size.
std::unique_ptr<Request> startReceive(MpiJob& job, MPI_Comm communicator, void* data, int64_t bytes,
                                      int from, int tag);
// For a message of any size up to capacity; wait() leaves its size in `received`.
std::unique_ptr<Request> startReceiveUpTo(MpiJob& job, MPI_Comm communicator, void* data,
                                          int64_t capacity, int from, int tag, int64_t& received);

// Waits for all of them, and gives the first error.
Status waitAll(std::span<const std::unique_ptr<Request>> requests);

}  // namespace mlc::collectives
