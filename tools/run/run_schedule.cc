#include "tools/run/run_schedule.h"

#include <utility>

namespace mlc::tools {
namespace {

constexpr double kDefaultSeconds = 1;

}  // namespace

RunSchedule::RunSchedule(const RunOptions& options, std::function<Clock::time_point()> now)
    : now_(std::move(now)) {
  iterations_ = options.iterations.value_or(0);
  if (!iterations_ && !options.duration && !options.traceFile.empty()) iterations_ = 1;
  warmup_ = options.warmup.value_or(options.iterations ? 0 : 1);
  countsWarmup_ = !iterations_ && !options.duration && !options.warmup;
  duration_ = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(options.duration.value_or(kDefaultSeconds)));
}

bool RunSchedule::isOver() const {
  if (runs_ == 0) return false;
  if (iterations_) return runs_ >= warmup_ + iterations_;
  if (countsWarmup_) return last_ - first_ >= duration_;
  return !milliseconds_.empty() && last_ - firstTimed_ >= duration_;
}

void RunSchedule::begin() {
  const Clock::time_point now = now_();
  if (runs_ == 0) first_ = now;
  if (runs_ == warmup_) firstTimed_ = now;
}

void RunSchedule::end(double milliseconds) {
  last_ = now_();
  const bool isOnly = runs_ == 0 && countsWarmup_ && last_ - first_ >= duration_;
  if (isOnly) firstTimed_ = first_;
  if (isTimed() || isOnly) {
    milliseconds_.push_back(milliseconds);
    if (runs_ == 0) hasCold_ = true;
  }
  ++runs_;
}

double RunSchedule::runsPerSecond() const {
  const double seconds = std::chrono::duration<double>(last_ - firstTimed_).count();
  return seconds > 0 ? static_cast<double>(milliseconds_.size()) / seconds : 0;
}

}  // namespace mlc::tools
