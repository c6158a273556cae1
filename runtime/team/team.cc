#include "runtime/team/team.h"

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <thread>

namespace mlc {
namespace {

// About as long as a sleeping thread takes to wake.
constexpr int kSpins = 4000;

void pinThisThread(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  // A refusal (a container's limits) leaves the thread where the system puts it.
  (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

// Waits until the value is no longer `old`.
void waitForChange(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    _mm_pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

struct TeamBarrier::State {
  explicit State(int count) : count(count), missing(count) {}
  const int count;
  alignas(64) std::atomic<int> missing;
  alignas(64) std::atomic<uint32_t> generation{0};
};

TeamBarrier::TeamBarrier(int count) : state_(std::make_unique<State>(count)) {}
TeamBarrier::~TeamBarrier() = default;

void TeamBarrier::arriveAndWait() {
  State& state = *state_;
  if (state.count == 1) return;
  const uint32_t generation = state.generation.load(std::memory_order_relaxed);
  if (state.missing.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    state.missing.store(state.count, std::memory_order_relaxed);
    state.generation.store(generation + 1, std::memory_order_release);
    state.generation.notify_all();
    return;
  }
  waitForChange(state.generation, generation);
}

struct Team::State {
  State(int threads, std::vector<int> cpus)
      : size(threads), cpus(std::move(cpus)), barrier(threads), done(threads) {}
  const int size;
  const std::vector<int> cpus;
  TeamBarrier barrier;
  TeamBarrier done;
  std::atomic<uint32_t> round{0};
  const std::function<void(int)>* body = nullptr;
  bool stop = false;
  std::vector<std::thread> workers;

  void pin(int index) const {
    if (!cpus.empty()) pinThisThread(cpus[index % cpus.size()]);
  }

  void work(int index) {
    pin(index);
    for (uint32_t seen = 0;; ++seen) {
      waitForChange(round, seen);
      if (stop) return;
      (*body)(index);
      done.arriveAndWait();
    }
  }
};

Team::Team(int threads, std::vector<int> cpus)
    : state_(std::make_unique<State>(threads, std::move(cpus))) {
  state_->pin(0);
  for (int i = 1; i < threads; ++i) {
    state_->workers.emplace_back([state = state_.get(), i] { state->work(i); });
  }
}

Team::~Team() {
  state_->stop = true;
  state_->round.fetch_add(1, std::memory_order_release);
  state_->round.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

int Team::size() const { return state_->size; }

TeamBarrier& Team::barrier() { return state_->barrier; }

void Team::run(const std::function<void(int)>& body) {
  State& state = *state_;
  state.body = &body;
  state.round.fetch_add(1, std::memory_order_release);
  state.round.notify_all();
  body(0);
  state.done.arriveAndWait();
}

}  // namespace mlc
