#include "tools/run/run_schedule.h"

#include <gtest/gtest.h>

namespace mlc::tools {
namespace {

using Clock = RunSchedule::Clock;

// The runs that a schedule asks for, where the first takes `cold` seconds and the others `warm`,
// with `between` after each.
struct Runs {
  double cold = 0.25, warm = 0.25, between = 0;

  int count = 0;
  std::vector<double> milliseconds;
  bool hasCold = false;
  double runsPerSecond = 0;

  // Gives up after a thousand.
  void follow(const RunOptions& options) {
    Clock::time_point now{};
    const auto pass = [&](double seconds) {
      now += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    };
    RunSchedule schedule(options, [&] { return now; });
    while (!schedule.isOver() && count < 1000) {
      const bool isTimed = schedule.isTimed();
      const size_t before = schedule.milliseconds().size();
      schedule.begin();
      const double seconds = count == 0 ? cold : warm;
      pass(seconds);
      schedule.end(seconds * 1e3);
      // What was said before the run holds, but for a run that turns out to be the only one.
      if (isTimed) EXPECT_EQ(schedule.milliseconds().size(), before + 1);
      pass(between);
      ++count;
    }
    milliseconds = schedule.milliseconds();
    hasCold = schedule.hasCold();
    runsPerSecond = schedule.runsPerSecond();
  }
};

Runs runsOf(const RunOptions& options, Runs runs = {}) {
  runs.follow(options);
  return runs;
}

TEST(RunSchedule, ByDefaultASecondWithTheWarmUp) {
  const Runs runs = runsOf({});
  EXPECT_EQ(runs.count, 4);
  EXPECT_EQ(runs.milliseconds, std::vector<double>(3, 250));
  EXPECT_FALSE(runs.hasCold);
  EXPECT_DOUBLE_EQ(runs.runsPerSecond, 4);
}

TEST(RunSchedule, AFirstRunOfASecondIsTheOnlyOne) {
  const Runs runs = runsOf({}, {.cold = 1.5});
  EXPECT_EQ(runs.count, 1);
  EXPECT_EQ(runs.milliseconds, std::vector<double>{1500});
  EXPECT_TRUE(runs.hasCold);
  EXPECT_DOUBLE_EQ(runs.runsPerSecond, 1 / 1.5);
  // One that is nearly as long has another one behind it.
  EXPECT_EQ(runsOf({}, {.cold = 0.875}).count, 2);
}

TEST(RunSchedule, Iterations) {
  RunOptions options;
  options.iterations = 3;
  Runs runs = runsOf(options, {.cold = 2});
  EXPECT_EQ(runs.milliseconds, (std::vector<double>{2000, 250, 250}));
  EXPECT_TRUE(runs.hasCold);
  options.warmup = 2;
  runs = runsOf(options, {.cold = 2});
  EXPECT_EQ(runs.count, 5);
  EXPECT_EQ(runs.milliseconds, std::vector<double>(3, 250));
  EXPECT_FALSE(runs.hasCold);
}

TEST(RunSchedule, Duration) {
  RunOptions options;
  options.duration = 2;
  // The warm-up, however long, is not part of it.
  Runs runs = runsOf(options, {.cold = 5});
  EXPECT_EQ(runs.count, 9);
  EXPECT_EQ(runs.milliseconds, std::vector<double>(8, 250));
  options.warmup = 0;
  runs = runsOf(options, {.cold = 5});
  EXPECT_EQ(runs.milliseconds, std::vector<double>{5000});
  EXPECT_TRUE(runs.hasCold);
  // At least one.
  options.duration = 0;
  options.warmup = 3;
  runs = runsOf(options);
  EXPECT_EQ(runs.count, 4);
  EXPECT_EQ(runs.milliseconds, std::vector<double>{250});
}

TEST(RunSchedule, AWarmUpThatIsAskedForIsNotPartOfTheSecond) {
  RunOptions options;
  options.warmup = 1;
  const Runs runs = runsOf(options, {.cold = 5});
  EXPECT_EQ(runs.milliseconds, std::vector<double>(4, 250));
  EXPECT_FALSE(runs.hasCold);
}

TEST(RunSchedule, ATraceHasOneRun) {
  RunOptions options;
  options.traceFile = "trace.json";
  Runs runs = runsOf(options);
  EXPECT_EQ(runs.count, 2);
  EXPECT_EQ(runs.milliseconds, std::vector<double>{250});
  options.duration = 1;
  EXPECT_EQ(runsOf(options).milliseconds.size(), 4u);
}

TEST(RunSchedule, SpeedCountsWhatLiesBetweenTheRuns) {
  RunOptions options;
  options.iterations = 4;
  // 4 runs and 3 pauses.
  const Runs runs = runsOf(options, {.between = 0.5});
  EXPECT_EQ(runs.count, 4);
  EXPECT_DOUBLE_EQ(runs.runsPerSecond, 4 / 2.5);
}

TEST(RunSchedule, WithoutATimedRunThereIsNoSpeed) {
  RunOptions options;
  options.iterations = 2;
  options.warmup = 2;
  RunSchedule schedule(options);
  EXPECT_FALSE(schedule.isOver());
  EXPECT_FALSE(schedule.isTimed());
  EXPECT_EQ(schedule.runsPerSecond(), 0);
  EXPECT_TRUE(schedule.milliseconds().empty());
}

}  // namespace
}  // namespace mlc::tools
