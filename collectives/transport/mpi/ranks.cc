#include "collectives/transport/mpi/ranks.h"

#include "collectives/transport/mpi/mpi_calls.h"

namespace mlc::collectives {

StatusOr<std::unique_ptr<Ranks>> Ranks::create(MPI_Comm communicator, const std::string& host) {
  std::unique_ptr<Ranks> ranks(new Ranks(communicator));
  MLC_MPI(MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN));
  int size = 0;
  MLC_MPI(MPI_Comm_rank(communicator, &ranks->rank_));
  MLC_MPI(MPI_Comm_size(communicator, &size));
  struct Place {
    int worldRank = 0;
    char host[MPI_MAX_PROCESSOR_NAME] = {};
  };
  Place mine;
  MLC_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &mine.worldRank));
  host.copy(mine.host, sizeof mine.host - 1);
  std::vector<Place> all(static_cast<size_t>(size));
  MLC_MPI(
      MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, communicator));
  for (const Place& place : all) {
    ranks->hosts_.emplace_back(place.host);
    ranks->worldRanks_.push_back(place.worldRank);
  }
  return ranks;
}

Ranks::~Ranks() { MPI_Comm_free(&communicator_); }

}  // namespace mlc::collectives
