// One case of ONNX's backend tests: a model, inputs and the outputs that it must give.
#pragma once

#include <string>
#include <vector>

#include "partitioner/device_model/device_model.h"

namespace mlc::onnx_suite {

// KIND/NAME of each case of the folder, sorted.
std::vector<std::string> caseNames(const std::string& folder);

// Why the importer does not take the case's model (its message in one line); empty if it does.
// An error other than kUnsupported is the test's failure, and not told here.
std::string unsupportedReason(const std::string& caseFolder);

// Compiles the case's model for one rank on a device of that kind into a package below the folder
// `scratch`, runs it on the case's inputs, and compares the outputs. Empty if all is right,
// otherwise what is wrong.
std::string runCase(const std::string& caseFolder, const std::string& scratch,
                    partition::Device::Kind kind = partition::Device::Kind::kCpu);

// The same for the reference evaluation of the imported module, neither optimized nor compiled.
std::string evaluateCase(const std::string& caseFolder);

}  // namespace mlc::onnx_suite
