// Ranks of several hosts: collectives go by messages.
#pragma once

#include <memory>
#include <vector>

#include "collectives/algorithm/call_signature.h"
#include "collectives/transport/mpi/mpi_communicator.h"

namespace mlc::collectives {

// Every collective begins with one message from each rank to each other: what call it is in, and
// its contribution where that is small. Longer contributions follow, straight to those who need
// them.
class NetworkCommunicator : public MpiCommunicator {
 public:
  NetworkCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks);

  Status barrier() override;
  Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) override;
  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override;
  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       Reduction reduction) override;
  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override;
  Status broadcast(void* data, int64_t bytes, int root) override;

 private:
  Status agreeToSplit() override;
  // Sends the signature and a contribution of at most kEarlyBytes to all, and receives theirs. When
  // the signatures differ, all ranks get kInvalid.
  Status exchange(const CallSignature& signature, const void* data = nullptr, int64_t bytes = 0);
  // What rank contributed to the last exchange().
  const char* contributionOf(int rank) const;

  // The long ways, after the ranks have agreed.
  Status gather(const char* in, char* out, const std::vector<int64_t>& counts, int64_t width);
  Status scatterReduced(const char* in, char* out, const std::vector<int64_t>& counts, DType dtype,
                        Reduction reduction);
  Status toAll(const char* in, const std::vector<int64_t>& sendCounts, char* out,
               const std::vector<int64_t>& receiveCounts, int64_t width);

  size_t messageBytes() const;

  std::vector<char> messages_;  // one per rank: its signature, and its contribution
  std::vector<char> pieces_;    // of all ranks, to be reduced
  std::vector<const void*> parts_;
};

}  // namespace mlc::collectives
