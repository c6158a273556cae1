// Packages by content: a model that was compiled once for these devices is not compiled again.
#pragma once

#include <string>

#include "compiler/pipeline.h"
#include "tools/options/options.h"

namespace mlc::tools {

struct CachedPackage {
  std::string path;  // in the cache folder
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
};

// Finds the model's package in the cache folder or compiles it there. The key is everything that
// decides its bytes: the model's files, the devices, the options, the CPU's features, the compiler
// itself. By reference (not `packWeights`), also where the files are.
StatusOr<CachedPackage> findOrCompile(const PackageOptions& options, const PackageUse& use);

}  // namespace mlc::tools
