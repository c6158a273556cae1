#include "collectives/transport/mpi/mpi_communicator.h"

#include <algorithm>

#include "collectives/algorithm/arguments.h"
#include "collectives/transport/mpi/hierarchical_communicator.h"
#include "collectives/transport/mpi/mpi_calls.h"
#include "collectives/transport/mpi/network_communicator.h"
#include "collectives/transport/mpi/shared_communicator.h"
#include "collectives/transport/mpi/shared_window.h"
#include "collectives/transport/mpi/transfer.h"

namespace mlc::collectives {

namespace {

// The communicator of the ranks that give the same color; null for those that give none.
StatusOr<std::unique_ptr<Ranks>> splitRanks(const Ranks& ranks, int color) {
  MPI_Comm part;
  MLC_MPI(MPI_Comm_split(ranks.handle(), color, ranks.rank(), &part));
  if (part == MPI_COMM_NULL) return std::unique_ptr<Ranks>();
  return Ranks::create(part, ranks.hostOf(ranks.rank()));
}

}  // namespace

StatusOr<std::unique_ptr<MpiCommunicator>> MpiCommunicator::create(std::shared_ptr<MpiJob> job,
                                                                   std::unique_ptr<Ranks> ranks) {
  const Hosts hosts(ranks->hosts());
  if (hosts.count() == 1) {
    MLC_ASSIGN_OR_RETURN(std::unique_ptr<SharedWindow> window, SharedWindow::create(*ranks, *job));
    if (window) {
      return std::unique_ptr<MpiCommunicator>(std::make_unique<SharedCommunicator>(
          std::move(job), std::move(ranks), std::move(window)));
    }
  }
  if (hosts.count() == 1 || hosts.count() == ranks->size()) {
    return std::unique_ptr<MpiCommunicator>(
        std::make_unique<NetworkCommunicator>(std::move(job), std::move(ranks)));
  }
  const int host = hosts.of(ranks->rank());
  const bool leads = hosts.firstOf(host) == ranks->rank();
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<Ranks> here, splitRanks(*ranks, host));
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<Ranks> first, splitRanks(*ranks, leads ? 0 : MPI_UNDEFINED));
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<MpiCommunicator> within, create(job, std::move(here)));
  std::unique_ptr<MpiCommunicator> between;
  if (leads) between = std::make_unique<NetworkCommunicator>(job, std::move(first));
  return std::unique_ptr<MpiCommunicator>(std::make_unique<HierarchicalCommunicator>(
      std::move(job), std::move(ranks), std::move(within), std::move(between)));
}

std::unique_ptr<Request> MpiCommunicator::send(const void* data, int64_t bytes, int to, int tag) {
  if (Status status = checkMessage(bytes, to, size(), tag); !status.ok()) {
    return failedRequest(std::move(status));
  }
  return startSend(job(), handle(), data, bytes, to, tag);
}

std::unique_ptr<Request> MpiCommunicator::receive(void* data, int64_t bytes, int from, int tag) {
  if (Status status = checkMessage(bytes, from, size(), tag); !status.ok()) {
    return failedRequest(std::move(status));
  }
  return startReceive(job(), handle(), data, bytes, from, tag);
}

void MpiCommunicator::abort(const Status& cause) {
  if (job_->cancellation.request(cause)) job_->heartbeat->fail(cause);
}

StatusOr<std::unique_ptr<Communicator>> MpiCommunicator::split(int color, int key) {
  MLC_RETURN_IF_ERROR(checkColor(color));
  MLC_RETURN_IF_ERROR(agree({Collective::kSplit}));
  MPI_Comm part;
  MLC_MPI(MPI_Comm_split(handle(), color, key, &part));
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<Ranks> ranks, Ranks::create(part, hostOf(rank())));
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<MpiCommunicator> made, create(job_, std::move(ranks)));
  return std::unique_ptr<Communicator>(std::move(made));
}

StatusOr<std::shared_ptr<void>> MpiCommunicator::allocate(int64_t bytes,
                                                          const std::string& purpose) {
  if (!job_->memory) return Communicator::allocate(bytes, purpose);
  const StatusOr<char*> memory = job_->memory->allocate(bytes);
  if (!memory.ok()) return Communicator::allocate(bytes, purpose);
  return std::shared_ptr<void>(
      *memory, [job = job_](void* freed) { job->memory->free(static_cast<char*>(freed)); });
}

Status MpiCommunicator::sendPieces(const char* in, const std::vector<int64_t>& sendCounts,
                                   char* out, const std::vector<int64_t>& receiveCounts,
                                   int64_t width) {
  std::vector<std::unique_ptr<Request>> requests;
  for (int r = 0; r < size(); ++r) {
    const int64_t bytes = receiveCounts[static_cast<size_t>(r)] * width;
    char* to = out + sumBefore(receiveCounts, r) * width;
    if (r == rank()) {
      copy(to, in + sumBefore(sendCounts, r) * width, bytes);
    } else {
      requests.push_back(startReceive(job(), handle(), to, bytes, r, kCollectiveTag));
    }
  }
  for (int r = 0; r < size(); ++r) {
    if (r == rank()) continue;
    requests.push_back(startSend(job(), handle(), in + sumBefore(sendCounts, r) * width,
                                 sendCounts[static_cast<size_t>(r)] * width, r, kCollectiveTag));
  }
  return waitAll(requests);
}

}  // namespace mlc::collectives
