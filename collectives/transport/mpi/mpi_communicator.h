// What the kinds of communicators over MPI have in common: who the ranks are, messages, and
// splitting. They differ in how collectives move bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collectives/algorithm/call_signature.h"
#include "collectives/communicator.h"
#include "collectives/transport/mpi/mpi_job.h"
#include "collectives/transport/mpi/ranks.h"

namespace mlc::collectives {

class MpiCommunicator : public Communicator {
 public:
  // Over shared memory where all ranks are on one host, over messages where each is on its own or
  // there is no shared memory, otherwise over both.
  static StatusOr<std::unique_ptr<MpiCommunicator>> create(std::shared_ptr<MpiJob> job,
                                                           std::unique_ptr<Ranks> ranks);

  int rank() const override { return ranks_->rank(); }
  int size() const override { return ranks_->size(); }
  const std::string& hostOf(int rank) const override { return ranks_->hostOf(rank); }

  std::unique_ptr<Request> send(const void* data, int64_t bytes, int to, int tag) override;
  std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int tag) override;
  StatusOr<std::unique_ptr<Communicator>> split(int color, int key) override;

  void abort(const Status& cause) override;
  Status failure() const override { return job_->cancellation.cause(); }
  StatusOr<std::shared_ptr<void>> allocate(int64_t bytes, const std::string& purpose) override;
  void progress() override { job_->progress(); }

  // Waits for all ranks. Either all get kInvalid, because they disagree, or none does.
  virtual Status agree(const CallSignature& signature) = 0;
  Status barrier() override { return agree({Collective::kBarrier}); }
  // Something more that all ranks must give in the next call.
  void alsoAgreeAbout(uint64_t digest) { digest_ = digest; }

 protected:
  MpiCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks)
      : job_(std::move(job)), ranks_(std::move(ranks)) {}

  MPI_Comm handle() const { return ranks_->handle(); }
  MpiJob& job() const { return *job_; }
  const std::shared_ptr<MpiJob>& sharedJob() const { return job_; }
  const Ranks& ranks() const { return *ranks_; }
  // The call's, with what alsoAgreeAbout() has added.
  CallSignature signatureOf(CallSignature call) {
    call.sizes += std::exchange(digest_, 0);
    return call;
  }
  // Sends each rank its pieces of `in`, and receives this rank's.
  Status sendPieces(const char* in, const std::vector<int64_t>& sendCounts, char* out,
                    const std::vector<int64_t>& receiveCounts, int64_t width);

 private:
  std::shared_ptr<MpiJob> job_;  // outlives ranks_
  std::unique_ptr<Ranks> ranks_;
  uint64_t digest_ = 0;
};

}  // namespace mlc::collectives
