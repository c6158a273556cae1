// What a package in the cache is found by.
#pragma once

#include <string>
#include <vector>

#include "compiler/pipeline.h"
#include "runtime/base/status.h"

namespace mlc::tools {

// A hash of everything that decides a package's bytes: the files (the model's and the compiler
// itself; by reference also where they are), the devices, the options, the CPU's features,
// versions.
StatusOr<std::string> packageKey(const CompileOptions& compile,
                                 const std::vector<std::string>& files);

}  // namespace mlc::tools
