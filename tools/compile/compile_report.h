// mlc-compile's summary: time per phase, size per part, weights per rank.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/package/package.h"
#include "tools/job/package_cache.h"

namespace mlc::tools {

struct CompileSummary {
  std::string package;
  bool cacheHit = false;
  double seconds = 0;
  std::vector<std::pair<std::string, double>> phases;  // seconds; none at a cache hit
  int programs = 0;
  std::vector<KernelSummary> kernels;  // the costly ones first; none at a cache hit
  int64_t codeBytes = 0;               // of the programs' shared objects
  int64_t weightsBytes = 0;            // in the package
  int dp = 1, pp = 1, tp = 1;
  double predictedMs = 0;
  std::vector<int64_t> rankWeightBytes;
};

CompileSummary summarize(const package::Package& package, const CachedPackage& cached);

// `explains`: with the kernels.
std::string summaryText(const CompileSummary& summary, bool explains);
std::string summaryJson(const CompileSummary& summary, bool explains);

}  // namespace mlc::tools
