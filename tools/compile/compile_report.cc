#include "tools/compile/compile_report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "tools/job/plan_text.h"
#include "tools/job/text_file.h"

namespace mlc::tools {
namespace {

// The costly kernels first, by the time that all calls take.
void sortByCost(std::vector<KernelSummary>& kernels) {
  auto cost = [](const KernelSummary& kernel) {
    return static_cast<double>(kernel.calls) * kernel.seconds;
  };
  std::sort(kernels.begin(), kernels.end(), [&](const KernelSummary& a, const KernelSummary& b) {
    return std::tuple(-cost(a), a.program, a.kernel) < std::tuple(-cost(b), b.program, b.kernel);
  });
}

std::string kernelTable(const std::vector<KernelSummary>& kernels) {
  std::string text =
      fmt::format("\n{:<7} {:<38} {:<12} {:>6} {:>10} {:>10} {:>10}  {}\n", "program", "kernel",
                  "lowering", "calls", "Mop/call", "KB/call", "us/call", "note");
  for (const KernelSummary& kernel : kernels) {
    std::string line =
        fmt::format("{:<7} {:<38} {:<12} {:>6} {:>10.3f} {:>10.1f} {:>10.1f}  {}", kernel.program,
                    kernel.kernel, kernel.lowering, kernel.calls, kernel.operations / 1e6,
                    kernel.bytes / 1e3, kernel.seconds * 1e6, kernel.reason);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

StatusOr<CompileSummary> summarize(const package::Package& package, const CachedPackage& cached) {
  const package::Manifest& manifest = package.manifest();
  CompileSummary summary;
  MLC_ASSIGN_OR_RETURN(summary.planJson, readTextFile(package.pathOf(manifest.plan)));
  summary.planText = planText(manifest, summary.planJson);
  summary.package = package.path();
  summary.cacheHit = cached.hit;
  summary.seconds = cached.seconds;
  summary.phases = cached.report.seconds;
  summary.kernels = cached.report.kernels;
  sortByCost(summary.kernels);
  summary.programs = static_cast<int>(manifest.programs.size());
  summary.sizes = sizesOf(manifest);
  summary.dp = manifest.dp;
  summary.pp = manifest.pp;
  summary.tp = manifest.tp;
  summary.predictedMs = manifest.predicted_ms;
  return summary;
}

std::string summaryText(const CompileSummary& summary, bool explains) {
  std::string text = fmt::format("package   {}\n", summary.package);
  text += "plan      " + summary.planText;
  if (summary.cacheHit) {
    text += fmt::format("time      {:.2f} s, found in the cache\n", summary.seconds);
  } else {
    text += fmt::format("time      {:.2f} s:", summary.seconds);
    for (const auto& [phase, seconds] : summary.phases)
      text += fmt::format(" {} {:.2f}", phase, seconds);
    text += "\n";
  }
  text += fmt::format("code      {:.1f} KB in {} {}",
                      static_cast<double>(summary.sizes.codeBytes) / 1e3, summary.programs,
                      summary.programs == 1 ? "program" : "programs");
  if (!summary.cacheHit) text += fmt::format(", {} kernels", summary.kernels.size());
  text +=
      fmt::format("\nweights   {:.1f} MB\n", static_cast<double>(summary.sizes.weightsBytes) / 1e6);
  for (size_t rank = 0; rank < summary.sizes.rankWeightBytes.size(); ++rank) {
    text += fmt::format("rank {:<4} {:.1f} MB of weights\n", rank,
                        static_cast<double>(summary.sizes.rankWeightBytes[rank]) / 1e6);
  }
  if (!summary.cacheHit) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    text += fmt::format("memory    {:.1f} MB at most while compiling\n",
                        static_cast<double>(usage.ru_maxrss) / 1e3);
  }
  return explains ? text + kernelTable(summary.kernels) : text;
}

std::string summaryJson(const CompileSummary& summary, bool explains) {
  nlohmann::ordered_json json = {{"package", summary.package},
                                 {"cache_hit", summary.cacheHit},
                                 {"compile_seconds", summary.seconds},
                                 {"phases", nlohmann::ordered_json::object()},
                                 {"programs", summary.programs},
                                 {"code_bytes", summary.sizes.codeBytes},
                                 {"weights_bytes", summary.sizes.weightsBytes},
                                 {"dp", summary.dp},
                                 {"pp", summary.pp},
                                 {"tp", summary.tp},
                                 {"predicted_ms", summary.predictedMs},
                                 {"alternatives", alternativesJson(summary.planJson)},
                                 {"rank_weights_bytes", summary.sizes.rankWeightBytes}};
  if (explains) json["kernels"] = nlohmann::ordered_json::array();
  for (const auto& [phase, seconds] : summary.phases) json["phases"][phase] = seconds;
  for (const KernelSummary& kernel : explains ? summary.kernels : std::vector<KernelSummary>()) {
    json["kernels"].push_back({{"program", kernel.program},
                               {"kernel", kernel.kernel},
                               {"lowering", kernel.lowering},
                               {"reason", kernel.reason},
                               {"calls", kernel.calls},
                               {"operations", kernel.operations},
                               {"bytes", kernel.bytes},
                               {"predicted_us", kernel.seconds * 1e6}});
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  json["peak_rss_bytes"] = static_cast<int64_t>(usage.ru_maxrss) * 1024;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace mlc::tools
