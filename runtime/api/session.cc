#include "runtime/api/session.h"

#include <algorithm>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/api/cores.h"
#include "runtime/executor/agreement.h"

namespace mlc::api {

StatusOr<std::unique_ptr<Session>> Session::openThreads(const std::string& path,
                                                        const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session());
  MLC_ASSIGN_OR_RETURN(session->package_, package::Package::open(path));
  const size_t ranks = session->manifest().ranks.size();
  session->store_ = std::make_shared<package::WeightStore>(
      session->package_, static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  session->worlds_ = collectives::createThreadGroup(static_cast<int>(ranks));
  for (size_t rank = 1; rank < ranks; ++rank) {
    session->ranks_.emplace_back(
        [session = session.get(), rank, options] { session->serveRank(rank, options); });
  }
  MLC_RETURN_IF_ERROR(session->openExecutor(*session->worlds_[0], options, session->executor_));
  return session;
}

StatusOr<std::unique_ptr<Session>> Session::openRank(collectives::Communicator& world,
                                                     const std::string& path,
                                                     const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session());
  session->rank_ = world.rank();
  StatusOr<std::shared_ptr<const package::Package>> package = package::Package::open(path);
  MLC_RETURN_IF_ERROR(executor::agree(world, package.status()));
  session->package_ = *std::move(package);
  session->store_ = std::make_shared<package::WeightStore>(
      session->package_, static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  MLC_RETURN_IF_ERROR(session->openExecutor(world, options, session->executor_));
  return session;
}

Status Session::openExecutor(collectives::Communicator& world, const SessionOptions& options,
                             std::unique_ptr<executor::Executor>& executor) {
  MLC_ASSIGN_OR_RETURN(const team::TeamOptions team,
                       shareCores(world, options.threads, options.pin));
  MLC_ASSIGN_OR_RETURN(executor, executor::Executor::create(world, package_, store_, team));
  return okStatus();
}

// What a rank that is a thread does. Its errors are rank 0's too, which reports them.
void Session::serveRank(size_t rank, const SessionOptions& options) {
  std::unique_ptr<executor::Executor> executor;
  if (!openExecutor(*worlds_[rank], options, executor).ok()) return;
  for (uint64_t runs = 0;; ++runs) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || requestedRuns_ > runs; });
      if (requestedRuns_ <= runs) return;
    }
    (void)executor->run({});
  }
}

StatusOr<std::vector<HostTensor>> Session::run(const std::vector<HostTensor>& inputs) {
  {
    const std::lock_guard lock(mutex_);
    ++requestedRuns_;
  }
  wake_.notify_all();
  return executor_->run(inputs);
}

Session::~Session() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& rank : ranks_) rank.join();
}

}  // namespace mlc::api
