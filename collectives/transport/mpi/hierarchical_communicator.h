// Ranks of several hosts, some of which have more than one: collectives go through the memory of
// each host, and once between the hosts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "collectives/algorithm/hosts.h"
#include "collectives/transport/mpi/mpi_communicator.h"

namespace mlc::collectives {

// The first rank of each host exchanges with those of the other hosts what the ranks of its host
// have left it, and then hands them what they get.
class HierarchicalCommunicator : public MpiCommunicator {
 public:
  // within: the ranks of this host; between: the first ranks of the hosts, null on all others.
  HierarchicalCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks,
                           std::unique_ptr<MpiCommunicator> within,
                           std::unique_ptr<MpiCommunicator> between);

  Status agree(const CallSignature& signature) override;
  Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) override;
  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override;
  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       Reduction reduction) override;
  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override;
  Status broadcast(void* data, int64_t bytes, int root) override;

 private:
  // The second step of a call, on all ranks of a host: `here` is how the first ended, the same on
  // all of them; the first rank then calls `exchange` with those of the other hosts. How it ended
  // there is how it ends on all ranks of this host.
  template <typename Exchange>
  Status betweenHosts(const Status& here, const Exchange& exchange);
  // What all ranks of a call must give, in every step of it.
  void agreeAbout(const CallSignature& call);

  // Counts of the ranks of this host, and the sums of each host's.
  std::vector<int64_t> countsHere(const std::vector<int64_t>& counts) const;
  std::vector<int64_t> countsOfHosts(const std::vector<int64_t>& counts) const;
  // Where the rank's piece begins when the pieces lie host by host.
  int64_t beginByHost(const std::vector<int64_t>& counts, int rank) const;
  // Memory for pieces of all ranks, kept from call to call.
  StatusOr<char*> pieces(int64_t bytes);

  Hosts hosts_;
  int host_;                                  // of this rank
  std::unique_ptr<MpiCommunicator> between_;  // freed before the ranks, as is within_
  std::unique_ptr<MpiCommunicator> within_;
  std::shared_ptr<void> pieces_;
  int64_t pieceBytes_ = 0;
};

}  // namespace mlc::collectives
