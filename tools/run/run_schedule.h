// How often a model is run, and which of the runs are timed.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "tools/options/options.h"

namespace mlc::tools {

// With --iterations: that many timed runs, after --warmup (default: none). With --duration: timed
// runs for that many seconds, at least one, after --warmup (default: one run). With neither: as
// with --duration 1, but, without --warmup, that second begins with the first run, and if that
// takes longer it is the only one and timed itself. With --trace, and neither of them: one timed
// run.
class RunSchedule {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RunSchedule(const RunOptions& options,
                       std::function<Clock::time_point()> now = Clock::now);

  // Whether the runs so far are all.
  bool isOver() const;
  // Whether the next one is timed.
  bool isTimed() const { return runs_ >= warmup_; }

  void begin();
  void end(double milliseconds);

  // Of the timed runs, in their order. The first run of all is cold: its data is in no cache yet.
  const std::vector<double>& milliseconds() const { return milliseconds_; }
  bool hasCold() const { return hasCold_; }
  // Timed runs per second, of the time from the first one's begin to the last one's end.
  double runsPerSecond() const;

 private:
  std::function<Clock::time_point()> now_;
  int warmup_ = 0;
  int iterations_ = 0;  // 0: by time
  Clock::duration duration_{};
  bool countsWarmup_ = false;  // into the duration; and has no run but the first one to be timed
  int runs_ = 0;
  Clock::time_point first_, firstTimed_, last_;
  std::vector<double> milliseconds_;
  bool hasCold_ = false;
};

}  // namespace mlc::tools
