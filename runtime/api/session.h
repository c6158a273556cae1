// A package opened for running, on all of its ranks: threads of this process, or the processes of
// an MPI job.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "collectives/communicator.h"
#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"
#include "runtime/executor/executor.h"
#include "runtime/package/package.h"

namespace mlc::api {

struct SessionOptions {
  // Of each rank's team; 0: the rank's share of the cores that the host's ranks may use.
  int threads = 0;
  // Whether threads stay on their cores. The thread that calls run() is pinned too, as long as the
  // session lives.
  bool pin = true;
};

// To be used by one thread at a time.
class Session {
 public:
  // All ranks of the package as threads of this process.
  static StatusOr<std::unique_ptr<Session>> openThreads(const std::string& path,
                                                        const SessionOptions& options);

  // One rank of a job: called by all ranks together, as is run(). `world` is borrowed.
  static StatusOr<std::unique_ptr<Session>> openRank(collectives::Communicator& world,
                                                     const std::string& path,
                                                     const SessionOptions& options);

  ~Session();

  // Whether this process has rank 0, which gives inputs and gets outputs.
  bool isRoot() const { return rank_ == 0; }
  const package::Manifest& manifest() const { return package_->manifest(); }

  // As Executor::run.
  StatusOr<std::vector<HostTensor>> run(const std::vector<HostTensor>& inputs);

  // Of this process's first rank.
  const executor::RunStatistics& statistics() const { return executor_->statistics(); }

 private:
  Session() = default;
  Status openExecutor(collectives::Communicator& world, const SessionOptions& options,
                      std::unique_ptr<executor::Executor>& executor);
  void serveRank(size_t rank, const SessionOptions& options);

  int rank_ = 0;
  std::shared_ptr<const package::Package> package_;
  std::shared_ptr<package::WeightStore> store_;
  std::vector<std::unique_ptr<collectives::Communicator>> worlds_;  // of the ranks that are threads
  std::unique_ptr<executor::Executor> executor_;

  // The threads of ranks 1 and up do as many runs as have been asked for, then wait.
  std::vector<std::thread> ranks_;
  std::mutex mutex_;
  std::condition_variable wake_;
  uint64_t requestedRuns_ = 0;
  bool stop_ = false;
};

}  // namespace mlc::api
