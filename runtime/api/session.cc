#include "runtime/api/session.h"

#include <algorithm>
#include <system_error>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/api/machine_share.h"
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
  session->commands_.resize(ranks);
  for (size_t rank = 1; rank < ranks; ++rank) {
    try {
      session->ranks_.emplace_back(
          [session = session.get(), rank, options] { session->serveRank(rank, options); });
    } catch (const std::system_error& error) {
      return deviceError("cannot start a thread for rank " + std::to_string(rank) + ": " +
                         error.what());
    }
  }
  // Ranks meet in opening: not before all exist.
  MLC_RETURN_IF_ERROR(session->onAllRanks({Command::Kind::kOpen, 0, 0}, [&] {
    return session->openExecutor(*session->worlds_[0], options, session->executor_);
  }));
  return session;
}

Status Session::openExecutor(collectives::Communicator& world, const SessionOptions& options,
                             std::unique_ptr<executor::Executor>& executor) {
  MLC_ASSIGN_OR_RETURN(const team::TeamOptions team,
                       shareCores(world, options.threads, options.pin));
  MLC_ASSIGN_OR_RETURN(executor, executor::Executor::create(world, package_, store_, team));
  return okStatus();
}

// What a rank but the first does. Its errors are rank 0's too, which reports them.
void Session::serveRank(size_t rank, const SessionOptions& options) {
  std::unique_ptr<executor::Executor> executor;
  while (true) {
    Command command;
    {
      std::unique_lock lock(mutex_);
      std::deque<Command>& commands = commands_[rank];
      wake_.wait(lock, [&] { return stop_ || !commands.empty(); });
      if (commands.empty()) return;
      command = commands.front();
      commands.pop_front();
    }
    const Status status = executor::asRank(*worlds_[rank], [&]() -> Status {
      switch (command.kind) {
        case Command::Kind::kOpen:
          return openExecutor(*worlds_[rank], options, executor);
        case Command::Kind::kRun:
          return executor->run({}, command.sequence).status();
        case Command::Kind::kCreate:
          return executor->createSequence(command.maxLength), okStatus();
        case Command::Kind::kCopy:
          return executor->copySequence(command.sequence).status();
        case Command::Kind::kDrop:
          return executor->dropSequence(command.sequence);
      }
    });
    if (command.kind == Command::Kind::kOpen && !status.ok()) return;
  }
}

template <typename Work>
auto Session::onAllRanks(const Command& command, const Work& work) -> decltype(work()) {
  if (const Status ended = worlds_[0]->failure(); !ended.ok()) {
    return ended.withContext("the session has ended, open another one");
  }
  return executor::asRank(*worlds_[0], [&] {
    post(command);
    return work();
  });
}

void Session::post(const Command& command) {
  {
    const std::lock_guard lock(mutex_);
    for (size_t rank = 1; rank < commands_.size(); ++rank) commands_[rank].push_back(command);
  }
  wake_.notify_all();
}

StatusOr<std::vector<HostTensor>> Session::run(const std::vector<HostTensor>& inputs,
                                               int64_t sequence) {
  return onAllRanks({Command::Kind::kRun, sequence, 0},
                    [&] { return executor_->run(inputs, sequence); });
}

StatusOr<int64_t> Session::createSequence(int64_t maxLength) {
  return onAllRanks({Command::Kind::kCreate, 0, maxLength},
                    [&]() -> StatusOr<int64_t> { return executor_->createSequence(maxLength); });
}

StatusOr<int64_t> Session::copySequence(int64_t sequence) {
  return onAllRanks({Command::Kind::kCopy, sequence, 0},
                    [&] { return executor_->copySequence(sequence); });
}

Status Session::dropSequence(int64_t sequence) {
  return onAllRanks({Command::Kind::kDrop, sequence, 0},
                    [&] { return executor_->dropSequence(sequence); });
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
