// What a package in the cache is found by.
#pragma once

#include <string>
#include <vector>

#include "compiler/pipeline.h"
#include "runtime/base/status.h"
#include "tools/job/file_hashes.h"

namespace mlc::tools {

// A hash of everything that decides a package's bytes: the compiler, the model's files (by
// reference also where they are), the devices, the options, the CPU's features, versions.
StatusOr<std::string> packageKey(const std::string& compilerBuildId, const CompileOptions& compile,
                                 const std::vector<std::string>& modelFiles, FileHashes& hashes);

}  // namespace mlc::tools
