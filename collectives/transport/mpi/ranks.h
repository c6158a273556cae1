// An MPI communicator, and who is where in it.
#pragma once

#include <mpi/mpi.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::collectives {

// Frees the MPI communicator at the end.
class Ranks {
 public:
  // Called by all ranks, each with the name of its host. Frees the communicator also when it fails.
  static StatusOr<std::unique_ptr<Ranks>> create(MPI_Comm communicator, const std::string& host);
  ~Ranks();
  Ranks(const Ranks&) = delete;

  MPI_Comm handle() const { return communicator_; }
  int rank() const { return rank_; }
  int size() const { return static_cast<int>(hosts_.size()); }
  const std::vector<std::string>& hosts() const { return hosts_; }
  const std::string& hostOf(int rank) const { return hosts_[static_cast<size_t>(rank)]; }
  // Its number among all ranks of the job.
  int worldRankOf(int rank) const { return worldRanks_[static_cast<size_t>(rank)]; }
  bool areOnOneHost() const {
    return std::ranges::all_of(hosts_, [&](const std::string& host) { return host == hosts_[0]; });
  }

 private:
  explicit Ranks(MPI_Comm communicator) : communicator_(communicator) {}

  MPI_Comm communicator_;
  int rank_ = 0;
  std::vector<std::string> hosts_;
  std::vector<int> worldRanks_;
};

}  // namespace mlc::collectives
