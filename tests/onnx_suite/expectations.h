// unsupported.txt: the cases that the importer does not take. A line each: the case, a tab, the
// reason.
#pragma once

#include <map>
#include <string>

namespace mlc::onnx_suite {

// From case to reason.
using Expectations = std::map<std::string, std::string>;

// Empty if there is no such file.
Expectations readExpectations(const std::string& path);
std::string printExpectations(const Expectations& expectations);

}  // namespace mlc::onnx_suite
