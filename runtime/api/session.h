// A package opened for running, on all of its ranks: threads of this process.
#pragma once

#include <condition_variable>
#include <deque>
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

  ~Session();

  const package::Manifest& manifest() const { return package_->manifest(); }

  // As Executor's functions of these names. Once the ranks' world has ended, all of them say why.
  StatusOr<std::vector<HostTensor>> run(const std::vector<HostTensor>& inputs,
                                        int64_t sequence = executor::Sequences::kNone);
  StatusOr<int64_t> createSequence(int64_t maxLength = 0);
  StatusOr<int64_t> copySequence(int64_t sequence);
  Status dropSequence(int64_t sequence);
  StatusOr<int64_t> sequenceLength(int64_t sequence) const {
    return executor_->sequenceLength(sequence);
  }

  // Of rank 0.
  const executor::RunStatistics& statistics() const { return executor_->statistics(); }

 private:
  // What the other ranks do beside rank 0.
  struct Command {
    enum class Kind { kOpen, kRun, kCreate, kCopy, kDrop } kind = Kind::kRun;
    int64_t sequence = 0;
    int64_t maxLength = 0;
  };

  Session() = default;
  Status openExecutor(collectives::Communicator& world, const SessionOptions& options,
                      std::unique_ptr<executor::Executor>& executor);
  void serveRank(size_t rank, const SessionOptions& options);
  void post(const Command& command);
  // Rank 0's work, while the other ranks do what the command says.
  template <typename Work>
  auto onAllRanks(const Command& command, const Work& work) -> decltype(work());

  std::shared_ptr<const package::Package> package_;
  std::shared_ptr<package::WeightStore> store_;
  std::vector<std::unique_ptr<collectives::Communicator>> worlds_;  // by rank
  std::unique_ptr<executor::Executor> executor_;

  // The threads of ranks 1 and up do what has been posted, each from a queue of its own, then wait.
  std::vector<std::thread> ranks_;
  std::vector<std::deque<Command>> commands_;  // by rank
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
};

}  // namespace mlc::api
