// The threads of a rank. All run the rank's program together, each its static share, and meet at
// barriers.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/team/barrier.h"

namespace mlc::team {

struct TeamOptions {
  int threads = 1;
  // Thread i is pinned to cpus[i], where the system lets it; empty: threads are not pinned. Teams
  // of ranks on one host must have disjoint lists (shareCpus).
  std::vector<int> cpus;
  // Whether waiting threads may spin before they sleep; to be switched off when the host has more
  // threads than cores.
  bool spin = true;
};

// Plain threads that live as long as the team. One thread at a time may call run().
class Team {
 public:
  // Fails if a thread cannot be started.
  static StatusOr<std::unique_ptr<Team>> create(const TeamOptions& options);
  ~Team();

  int size() const { return size_; }

  // Calls body(0) on the calling thread (pinned from its first call to the end of the team, if the
  // team is pinned) and body(1) ... body(size - 1) on the others; returns when all have returned.
  void run(const std::function<void(int thread)>& body);

  // To be called by every thread of the team inside run().
  void barrier() { barrier_.wait(); }

 private:
  Team(int size, bool spin) : size_(size), barrier_(size, spin) {}
  void pin(int thread) const;
  void work(int thread);

  const int size_;
  Barrier barrier_;
  std::vector<int> cpus_;
  std::vector<std::thread> threads_;
  std::thread::id pinnedCaller_;
  std::vector<int> callerAffinity_;                 // before it was pinned
  const std::function<void(int)>* body_ = nullptr;  // null at a start: the threads end
};

}  // namespace mlc::team
