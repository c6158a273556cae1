// What is done with a run's outputs: written to a folder, compared with expected ones.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::tools {

// Whether outputs of that format can be written here: before it takes time to make them.
Status checkOutputsFormat(const std::string& format);

// Writes each output and outputs.json, which maps names to files; returns the files' names, in
// order. format: "npy" (NAME.npy, with what does not suit a file's name replaced by _) or "pb"
// (output_0.pb, ...).
StatusOr<std::vector<std::string>> writeOutputs(const std::string& folder,
                                                const std::string& format,
                                                const std::vector<package::TensorSpec>& specs,
                                                const std::vector<HostTensor>& outputs);

// output_0.pb, ... or NAME.npy of a folder.
StatusOr<std::vector<HostTensor>> readExpected(const std::string& folder,
                                               const std::vector<package::TensorSpec>& specs);

struct Comparison {
  double maxAbs = 0;  // largest difference
  double maxRel = 0;  // largest difference of an output, relative to its largest expected magnitude
  bool ok = true;     // |actual - expected| <= atol + rtol |expected| everywhere; NaN equals NaN
  std::string first;  // the first output that is wrong, and how
};

Comparison compare(const std::vector<package::TensorSpec>& specs,
                   const std::vector<HostTensor>& actual, const std::vector<HostTensor>& expected,
                   double rtol, double atol);

}  // namespace mlc::tools
