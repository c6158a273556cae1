#include "runtime/team/team.h"

#include <exception>

#include "runtime/team/cpus.h"

namespace mlc::team {

StatusOr<std::unique_ptr<Team>> Team::create(const TeamOptions& options) {
  if (options.threads < 1) return usageError("a team needs at least one thread");
  if (!options.cpus.empty() && options.cpus.size() < static_cast<size_t>(options.threads)) {
    return usageError("a team of " + std::to_string(options.threads) +
                      " threads cannot be pinned to " + std::to_string(options.cpus.size()) +
                      " cpus");
  }
  const bool spin =
      options.spin && options.threads <= static_cast<int>(std::thread::hardware_concurrency());
  std::unique_ptr<Team> team(new Team(options.threads, spin));
  team->cpus_ = options.cpus;
  // Threads meet in the barrier only when all exist, so those started before a failure are told to
  // end one by one.
  std::atomic<int> gate{0};  // 1: all were started, -1: give up
  Status failure;
  for (int i = 1; i < options.threads && failure.ok(); ++i) {
    try {
      team->threads_.emplace_back([&gate, team = team.get(), i] {
        team->pin(i);
        gate.wait(0);
        if (gate.load() < 0) return;
        team->barrier_.wait();
        team->work(i);
      });
    } catch (const std::exception& error) {
      failure = deviceError(std::string("cannot start a thread: ") + error.what());
    }
  }
  gate.store(failure.ok() ? 1 : -1);
  gate.notify_all();
  if (!failure.ok()) {
    for (std::thread& thread : team->threads_) thread.join();
    team->threads_.clear();
    return failure;
  }
  team->barrier_.wait();
  return team;
}

Team::~Team() {
  if (pinnedCaller_ == std::this_thread::get_id()) restoreAffinity(callerAffinity_);
  if (threads_.empty()) return;
  body_ = nullptr;
  barrier_.wait();
  for (std::thread& thread : threads_) thread.join();
}

void Team::run(const std::function<void(int)>& body) {
  if (!cpus_.empty() && pinnedCaller_ != std::this_thread::get_id()) {
    pinnedCaller_ = std::this_thread::get_id();
    callerAffinity_ = affinityOfThisThread();
    pin(0);
  }
  body_ = &body;
  barrier_.wait();
  body(0);
  barrier_.wait();
}

void Team::pin(int thread) const {
  // A thread that is not pinned is slower, not wrong.
  if (!cpus_.empty()) (void)pinThisThread(cpus_[static_cast<size_t>(thread)]);
}

void Team::work(int thread) {
  while (true) {
    barrier_.wait();
    if (!body_) return;
    (*body_)(thread);
    barrier_.wait();
  }
}

}  // namespace mlc::team
