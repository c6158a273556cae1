// mlc-compile's summary: time per phase, size per part, weights per rank.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/package/package.h"
#include "tools/job/package_cache.h"
#include "tools/job/package_sizes.h"

namespace mlc::tools {

struct CompileSummary {
  std::string package;
  bool cacheHit = false;
  double seconds = 0;
  std::vector<std::pair<std::string, double>> phases;  // seconds; none at a cache hit
  int programs = 0;
  std::vector<KernelSummary> kernels;  // the costly ones first; none at a cache hit
  PackageSizes sizes;
  int dp = 1, pp = 1, tp = 1;
  double predictedMs = 0;
  std::string planText, planJson;
};

StatusOr<CompileSummary> summarize(const package::Package& package, const CachedPackage& cached);

// `explains`: with the kernels.
std::string summaryText(const CompileSummary& summary, bool explains);
std::string summaryJson(const CompileSummary& summary, bool explains);

}  // namespace mlc::tools
