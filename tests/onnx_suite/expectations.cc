#include "tests/onnx_suite/expectations.h"

#include <fstream>

namespace mlc::onnx_suite {

Expectations readExpectations(const std::string& path) {
  Expectations expectations;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    if (tab != std::string::npos) expectations[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return expectations;
}

std::string printExpectations(const Expectations& expectations) {
  std::string text;
  for (const auto& [name, reason] : expectations) text += name + "\t" + reason + "\n";
  return text;
}

}  // namespace mlc::onnx_suite
