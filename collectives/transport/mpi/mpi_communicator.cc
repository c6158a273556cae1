#include "collectives/transport/mpi/mpi_communicator.h"

#include <algorithm>

#include "collectives/algorithm/arguments.h"
#include "collectives/transport/mpi/mpi_calls.h"
#include "collectives/transport/mpi/network_communicator.h"
#include "collectives/transport/mpi/shared_communicator.h"
#include "collectives/transport/mpi/shared_window.h"
#include "collectives/transport/mpi/transfer.h"

namespace mlc::collectives {

StatusOr<std::unique_ptr<Ranks>> Ranks::create(MPI_Comm communicator) {
  std::unique_ptr<Ranks> ranks(new Ranks(communicator));
  MLC_MPI(MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN));
  int size = 0;
  MLC_MPI(MPI_Comm_rank(communicator, &ranks->rank_));
  MLC_MPI(MPI_Comm_size(communicator, &size));
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  MLC_MPI(MPI_Get_processor_name(name, &length));
  std::vector<char> all(static_cast<size_t>(size) * sizeof name);
  MLC_MPI(
      MPI_Allgather(name, sizeof name, MPI_CHAR, all.data(), sizeof name, MPI_CHAR, communicator));
  for (size_t begin = 0; begin < all.size(); begin += sizeof name) {
    ranks->hosts_.emplace_back(all.data() + begin);
  }
  return ranks;
}

Ranks::~Ranks() { MPI_Comm_free(&communicator_); }

int Ranks::ranksHere() const { return static_cast<int>(std::ranges::count(hosts_, hostOf(rank_))); }

StatusOr<std::unique_ptr<Communicator>> MpiCommunicator::create(std::shared_ptr<MpiJob> job,
                                                                std::unique_ptr<Ranks> ranks) {
  if (job->sharedMemory) {
    if (auto window = SharedWindow::create(ranks->handle(), *job)) {
      return std::unique_ptr<Communicator>(std::make_unique<SharedCommunicator>(
          std::move(job), std::move(ranks), std::move(window)));
    }
  }
  return std::unique_ptr<Communicator>(
      std::make_unique<NetworkCommunicator>(std::move(job), std::move(ranks)));
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
  MLC_RETURN_IF_ERROR(agreeToSplit());
  MPI_Comm part;
  MLC_MPI(MPI_Comm_split(handle(), color, key, &part));
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<Ranks> ranks, Ranks::create(part));
  return create(job_, std::move(ranks));
}

}  // namespace mlc::collectives
