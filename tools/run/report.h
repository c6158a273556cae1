// What mlc-run says at the end: a text for people, a JSON object for scripts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partitioner/device_model/device_model.h"
#include "runtime/base/status.h"
#include "runtime/executor/executor.h"
#include "runtime/package/manifest.h"
#include "tools/run/outputs.h"

namespace mlc::tools {

struct RankReport {
  std::string host, device;
  int threads = 0;
  int64_t peakResidentBytes = 0;
  int64_t weightsBytes = 0;
  int64_t arenaBytes = 0;
  // As the plan was made for: f32 operations and bytes per second; zero if it came with the
  // package.
  double flops = 0, bandwidth = 0;
};

struct RunReport {
  std::string model;
  std::string planJson, planText;
  std::vector<RankReport> ranks;  // of the ranks with work
  int idleRanks = 0;
  double compileSeconds = 0, loadSeconds = 0;
  bool compiled = false;  // from a model, now or before (cacheHit); false for a package
  bool cacheHit = false;
  std::vector<double> latenciesMs;
  bool hasCold = false;      // the first of them is that of the first run of all
  double runsPerSecond = 0;  // of the timed runs
  bool hasRun = false;       // and there are outputs
  int stopSignal = 0;        // that ended the runs early; 0: none did
  double predictedMs = 0;
  std::optional<Comparison> verification, expectation;
  std::vector<package::TensorSpec> outputSpecs;
  std::vector<HostTensor> outputs;
  std::vector<std::string> outputFiles;
  partition::DeviceModel devices;  // of the job, where they were asked for
};

// Of the timed runs.
struct Latency {
  double min = 0, p50 = 0, p90 = 0, p99 = 0, mean = 0;
};
Latency latencyOf(std::vector<double> milliseconds);

std::string reportText(const RunReport& report);
std::string reportJson(const RunReport& report);

// A rank's part as text, for its way to rank 0.
std::string printRank(const RankReport& rank);
RankReport parseRank(const std::string& text);

}  // namespace mlc::tools
