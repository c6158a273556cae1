#include "tools/run/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "runtime/base/objects.h"
#include "runtime/base/shape_text.h"
#include "tools/job/report_output.h"
#include "tools/run/stop_signals.h"

namespace mlc::tools {
namespace {

using Json = nlohmann::ordered_json;

Json comparisonJson(const Comparison& comparison) {
  return {{"max_abs", comparison.maxAbs}, {"max_rel", comparison.maxRel}, {"ok", comparison.ok}};
}

std::string comparisonText(const Comparison& comparison) {
  std::string text = fmt::format("largest difference {:.3g} (relative {:.3g})", comparison.maxAbs,
                                 comparison.maxRel);
  return comparison.ok ? text + ", ok" : text + ", WRONG: " + comparison.first;
}

std::string typeText(const package::TensorSpec& spec) {
  return valueTypeText(spec.dtype, spec.holds);
}

std::string latencyText(const RunReport& report) {
  const Latency latency = latencyOf(report.latenciesMs);
  const size_t runs = report.latenciesMs.size();
  if (runs == 0) return "latency   of no run: there was none after those for warming up\n";
  if (runs == 1) {
    return fmt::format("latency   {:.3f} ms ({})\n", latency.min,
                       report.hasCold ? "a cold run" : "1 run");
  }
  std::string text = fmt::format(
      "latency   min {:.3f} ms, p50 {:.3f}, p90 {:.3f}, p99 {:.3f} ({} runs{})\n", latency.min,
      latency.p50, latency.p90, latency.p99, runs, report.hasCold ? ", the first one cold" : "");
  return text + fmt::format("speed     {:.4g} runs/s\n", report.runsPerSecond);
}

// An optional without a value has none.
bool hasFile(const RunReport& report, size_t output) {
  return !report.outputFiles.empty() && !report.outputFiles[output].empty();
}

}  // namespace

Latency latencyOf(std::vector<double> milliseconds) {
  Latency latency;
  if (milliseconds.empty()) return latency;
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto at = [&](double quantile) {
    return milliseconds[static_cast<size_t>(
                            std::ceil(quantile * static_cast<double>(milliseconds.size()))) -
                        1];
  };
  latency.min = milliseconds.front();
  latency.p50 = at(0.5);
  latency.p90 = at(0.9);
  latency.p99 = at(0.99);
  latency.mean = std::accumulate(milliseconds.begin(), milliseconds.end(), 0.0) /
                 static_cast<double>(milliseconds.size());
  return latency;
}

std::string reportText(const RunReport& report) {
  std::string text = fmt::format("model     {}\n", report.model);
  text += "plan      " + report.planText;
  text +=
      fmt::format("\n{:>6}  {:<20} {:<8} {:>7} {:>9} {:>8} {:>12} {:>12} {:>12}\n", "rank", "host",
                  "device", "threads", "GFLOP/s", "GB/s", "weights", "arena", "peak memory");
  for (size_t i = 0; i < report.ranks.size(); ++i) {
    const RankReport& rank = report.ranks[i];
    text += fmt::format("{:>6}  {:<20} {:<8} {:>7} {:>9} {:>8} {:>12} {:>12} {:>12}\n", i,
                        rank.host, rank.device, rank.threads,
                        rank.flops > 0 ? fmt::format("{:.0f}", rank.flops / 1e9) : "-",
                        rank.bandwidth > 0 ? fmt::format("{:.1f}", rank.bandwidth / 1e9) : "-",
                        megabytes(rank.weightsBytes), megabytes(rank.arenaBytes),
                        megabytes(rank.peakResidentBytes));
  }
  if (report.idleRanks) {
    text += fmt::format("{} {} idle: the plan has no part for {}\n", report.idleRanks,
                        report.idleRanks == 1 ? "rank is" : "ranks are",
                        report.idleRanks == 1 ? "it" : "them");
  }
  text += "\n";
  if (report.compiled) {
    text += fmt::format("compile   {:.2f} s{}\n", report.compileSeconds,
                        report.cacheHit ? " (found in the cache)" : "");
  }
  text += fmt::format("load      {:.2f} s\n", report.loadSeconds);
  text += latencyText(report);
  if (report.stopSignal)
    text += fmt::format("stopped   by {} after that\n", signalName(report.stopSignal));
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    text += fmt::format("output    {} {} {}{}\n", report.outputSpecs[i].name,
                        shapeText(report.outputs[i].shape()), typeText(report.outputSpecs[i]),
                        hasFile(report, i) ? " in " + report.outputFiles[i] : "");
  }
  if (report.verification) text += "verify    " + comparisonText(*report.verification) + "\n";
  if (report.expectation) text += "expect    " + comparisonText(*report.expectation) + "\n";
  return text;
}

std::string reportJson(const RunReport& report) {
  Json json;
  json["model"] = report.model;
  json["plan"] = Json::parse(report.planJson, nullptr, false);
  json["ranks"] = Json::array();
  for (const RankReport& rank : report.ranks) {
    json["ranks"].push_back({{"host", rank.host},
                             {"device", rank.device},
                             {"threads", rank.threads},
                             {"peak_rss_bytes", rank.peakResidentBytes},
                             {"weights_bytes", rank.weightsBytes},
                             {"arena_bytes", rank.arenaBytes},
                             {"flops", rank.flops},
                             {"memory_bandwidth", rank.bandwidth}});
  }
  json["idle_ranks"] = report.idleRanks;
  json["compile_seconds"] = report.compileSeconds;
  json["load_seconds"] = report.loadSeconds;
  json["cache_hit"] = report.cacheHit;
  const Latency latency = latencyOf(report.latenciesMs);
  json["latency_ms"] = Json::object();
  // Of no run there is none.
  if (!report.latenciesMs.empty()) {
    json["latency_ms"] = {{"min", latency.min},
                          {"p50", latency.p50},
                          {"p90", latency.p90},
                          {"p99", latency.p99},
                          {"mean", latency.mean}};
  }
  json["latency_ms"]["iterations"] = report.latenciesMs.size();
  json["latency_ms"]["has_cold"] = report.hasCold;
  json["runs_per_second"] = report.runsPerSecond;
  if (report.stopSignal) json["stopped_by"] = signalName(report.stopSignal);
  json["predicted_ms"] = report.predictedMs;
  if (report.verification) json["verify"] = comparisonJson(*report.verification);
  if (report.expectation) json["expect"] = comparisonJson(*report.expectation);
  json["outputs"] = Json::array();
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    Json output = {{"name", report.outputSpecs[i].name},
                   {"shape", report.outputs[i].shape()},
                   {"dtype", typeText(report.outputSpecs[i])}};
    output["file"] = hasFile(report, i) ? Json(report.outputFiles[i]) : Json();
    json["outputs"].push_back(std::move(output));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string printRank(const RankReport& rank) {
  return Json{{"host", rank.host},
              {"device", rank.device},
              {"threads", rank.threads},
              {"peak", rank.peakResidentBytes},
              {"weights", rank.weightsBytes},
              {"arena", rank.arenaBytes}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

RankReport parseRank(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  RankReport rank;
  rank.host = json.value("host", "");
  rank.device = json.value("device", "");
  rank.threads = json.value("threads", 0);
  rank.peakResidentBytes = json.value("peak", int64_t{0});
  rank.weightsBytes = json.value("weights", int64_t{0});
  rank.arenaBytes = json.value("arena", int64_t{0});
  return rank;
}

}  // namespace mlc::tools
