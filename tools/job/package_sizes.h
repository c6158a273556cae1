// Sizes of what a package holds, from its manifest.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/package/manifest.h"

namespace mlc::tools {

struct PackageSizes {
  int64_t codeBytes = 0;                 // of the programs' shared objects
  int64_t weightsBytes = 0;              // in the package
  std::vector<int64_t> rankWeightBytes;  // of each rank's weights, before they are laid out
};

PackageSizes sizesOf(const package::Manifest& manifest);

}  // namespace mlc::tools
