// Prints what unsupported.txt has to be:
//
//   bazel run //tests/onnx_suite:list_unsupported > tests/onnx_suite/unsupported.txt
#include <cstdio>

#include "tests/onnx_suite/expectations.h"
#include "tests/onnx_suite/suite_case.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: list_unsupported CASES_FOLDER\n");
    return 2;
  }
  const std::string folder = argv[1];
  mlc::onnx_suite::Expectations expectations;
  for (const std::string& name : mlc::onnx_suite::caseNames(folder)) {
    const std::string reason = mlc::onnx_suite::unsupportedReason(folder + "/" + name);
    if (!reason.empty()) expectations[name] = reason;
  }
  std::fputs(mlc::onnx_suite::printExpectations(expectations).c_str(), stdout);
  return 0;
}
