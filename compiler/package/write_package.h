// Writes a package: manifest.json, for each distinct program a shared object and its device
// kernels, weights and the hashes of their chunks, plan.json.
#pragma once

#include <string>
#include <vector>

#include "compiler/dialect/graph/weight_table.h"
#include "compiler/package/program_files.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::package {

struct PackageContents {
  // All but `weights`, `files`, the programs' file names and their weight slots' `source`, which
  // writing fills in.
  Manifest manifest;
  std::vector<ProgramFiles> programs;  // of the manifest's programs
  std::string planJson;
};

struct PackageOptions {
  // Copies the bytes of weights that lie in the model's files; else they stay there, by reference.
  bool packWeights = true;
};

// Writes the folder `path` (which must not exist, or be a package that is replaced) as a whole or
// not at all: it is made under another name in the same folder and renamed. Fails if the disk is
// full, leaving nothing behind.
Status writePackage(PackageContents contents, const graph::WeightTable& weights,
                    const PackageOptions& options, const std::string& path);

}  // namespace mlc::package
