// Ranks that share no memory: collectives go by messages.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "collectives/algorithm/call_signature.h"
#include "collectives/transport/mpi/mpi_communicator.h"

namespace mlc::collectives {

// Every collective begins with what call each rank is in, and its contribution where that is small,
// told to all in log2(ranks) rounds (Bruck, Ho, Kipnis, Upfal, Weathersby, "Efficient Algorithms
// for All-to-All Communications in Multiport Message-Passing Systems", 1997). Longer contributions
// follow, straight to those who need them.
class NetworkCommunicator : public MpiCommunicator {
 public:
  NetworkCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks);

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
  // Tells all ranks the signature and a contribution, and learns theirs. When the signatures
  // differ, all ranks get kInvalid.
  Status exchange(const CallSignature& call, const void* data = nullptr, int64_t bytes = 0);
  Status takeTold(int from, std::span<size_t> begins, size_t begin, size_t end);
  // What rank contributed to the last exchange(), and how much.
  std::span<const char> contributionOf(int rank) const;
  // Contributions that are told in exchange() have at most so many bytes.
  int64_t earlyBytes() const;

  // The long ways, after the ranks have agreed.
  Status gather(const char* in, char* out, const std::vector<int64_t>& counts, int64_t width);
  Status scatterReduced(const char* in, char* out, const std::vector<int64_t>& counts, DType dtype,
                        Reduction reduction);

  std::vector<char> told_;      // of ranks one after the other, this one first
  std::vector<size_t> begins_;  // in told_: of this rank, the next one, ...
  std::vector<char> pieces_;    // of all ranks, to be reduced
  std::vector<const void*> parts_;
};

}  // namespace mlc::collectives
