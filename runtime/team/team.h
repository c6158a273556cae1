// The threads of a rank. All of them run a compiled program together, each its static share.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "runtime/base/status.h"

namespace mlc {

// Lets a fixed number of threads wait for one another. Spins briefly, then sleeps.
class TeamBarrier {
 public:
  explicit TeamBarrier(int count);
  ~TeamBarrier();
  // Returns when all threads have arrived. What each wrote before is visible to all after.
  void arriveAndWait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Plain threads that wait for work. Not thread-safe: one caller.
class Team {
 public:
  // `threads` at least 1, the calling thread counts as the first. cpus: on which CPUs the threads run, one each, wrapping around;
  // empty: wherever the system puts them.
  explicit Team(int threads, std::vector<int> cpus = {});
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const;

  // Runs body(thread index) on every thread; returns when all are done.
  void run(const std::function<void(int)>& body);

  TeamBarrier& barrier();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlc
