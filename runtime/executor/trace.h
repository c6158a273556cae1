// What a rank did when: for timelines of runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mlc::executor {

struct TraceEvent {
  std::string name;
  int microbatch = -1;            // -1: of the whole run
  int64_t beginMicroseconds = 0;  // since 1970, so that ranks of several processes fit together
  int64_t microseconds = 0;
};

// Events in the order in which they ended. Used by one thread at a time.
class Trace {
 public:
  void add(TraceEvent event) { events_.push_back(std::move(event)); }
  const std::vector<TraceEvent>& events() const { return events_; }

 private:
  std::vector<TraceEvent> events_;
};

// Records the time from its making to its end as an event. Does nothing, not even read a clock,
// where there is no trace.
class TraceScope {
 public:
  TraceScope(Trace* trace, const char* name, int microbatch = -1)
      : trace_(trace), name_(name), microbatch_(microbatch) {
    if (!trace_) return;
    wall_ = std::chrono::system_clock::now();
    begin_ = std::chrono::steady_clock::now();
  }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;
  ~TraceScope() {
    if (!trace_) return;
    const auto microseconds = [](auto duration) {
      return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    };
    trace_->add({name_, microbatch_, microseconds(wall_.time_since_epoch()),
                 microseconds(std::chrono::steady_clock::now() - begin_)});
  }

 private:
  Trace* const trace_;
  const char* const name_;
  const int microbatch_;
  std::chrono::system_clock::time_point wall_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace mlc::executor
