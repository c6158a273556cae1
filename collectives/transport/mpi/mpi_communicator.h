// What the two kinds of communicators over MPI have in common: who the ranks are, messages, and
// splitting. They differ in how collectives move bytes.
#pragma once

#include <mpi/mpi.h>

#include <memory>
#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "collectives/transport/mpi/mpi_job.h"

namespace mlc::collectives {

// An MPI communicator, which is freed at the end, and who is where in it.
class Ranks {
 public:
  // Called by all ranks. Frees the communicator also when it fails.
  static StatusOr<std::unique_ptr<Ranks>> create(MPI_Comm communicator);
  ~Ranks();

  MPI_Comm handle() const { return communicator_; }
  int rank() const { return rank_; }
  int size() const { return static_cast<int>(hosts_.size()); }
  const std::string& hostOf(int rank) const { return hosts_[static_cast<size_t>(rank)]; }
  // How many of them run on this host.
  int ranksHere() const;

 private:
  explicit Ranks(MPI_Comm communicator) : communicator_(communicator) {}

  MPI_Comm communicator_;
  int rank_ = 0;
  std::vector<std::string> hosts_;
};

class MpiCommunicator : public Communicator {
 public:
  // Over shared memory where all ranks are on one host, over messages otherwise.
  static StatusOr<std::unique_ptr<Communicator>> create(std::shared_ptr<MpiJob> job,
                                                        std::unique_ptr<Ranks> ranks);

  int rank() const override { return ranks_->rank(); }
  int size() const override { return ranks_->size(); }
  const std::string& hostOf(int rank) const override { return ranks_->hostOf(rank); }

  std::unique_ptr<Request> send(const void* data, int64_t bytes, int to, int tag) override;
  std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int tag) override;
  StatusOr<std::unique_ptr<Communicator>> split(int color, int key) override;

  void abort(const Status& cause) override;
  Status failure() const override { return job_->cancellation.cause(); }
  void progress() override { job_->progress(); }

 protected:
  MpiCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks)
      : job_(std::move(job)), ranks_(std::move(ranks)) {}

  MPI_Comm handle() const { return ranks_->handle(); }
  MpiJob& job() const { return *job_; }
  // Waits for all ranks, to make sure that all are about to split.
  virtual Status agreeToSplit() = 0;

 private:
  std::shared_ptr<MpiJob> job_;  // outlives ranks_
  std::unique_ptr<Ranks> ranks_;
};

}  // namespace mlc::collectives
