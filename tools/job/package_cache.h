// Packages by content: a model that was compiled once for these devices is not compiled again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/pipeline.h"
#include "tools/job/package_store.h"
#include "tools/job/progress_line.h"
#include "tools/options/options.h"

namespace mlc::tools {

struct CachedPackage {
  std::optional<HeldPackage> package;  // there
  bool hit = false;
  double seconds = 0;    // to find or to make it
  CompileReport report;  // empty at a hit
};

// What a package is made for, besides the options.
struct PackageUse {
  partition::DeviceModel devices;
  partition::SearchOptions search;
  // As CompileOptions::expectedShapes, for plans of several devices; rounded up to powers of two
  // here, so that a model is not compiled for every size anew.
  std::map<std::string, std::vector<int64_t>> expectedShapes;
  bool packWeights = false;
  // Compiles also what is in the cache, for the report of kernels.
  bool wantsReport = false;
  // Says what is being done; may be null.
  ProgressLine* progress = nullptr;
};

// Finds the model's package in the cache or compiles it there. What was used the longest ago makes
// room for a new one.
StatusOr<CachedPackage> findOrCompile(const PackageOptions& options, const PackageUse& use);

}  // namespace mlc::tools
