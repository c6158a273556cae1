// The reference evaluation, which --verify and the tests of the compiler measure by, gives what
// ONNX's backend tests expect: of every case that the importer takes, on the module as imported.
#include <gtest/gtest.h>

#include <cctype>

#include "tests/onnx_suite/expectations.h"
#include "tests/onnx_suite/suite_case.h"

namespace mlc::onnx_suite {
namespace {

constexpr char kCases[] = "tests/onnx_suite/cases";

std::vector<std::string> supportedCases() {
  const Expectations unsupported = readExpectations("tests/onnx_suite/unsupported.txt");
  std::vector<std::string> names;
  for (const std::string& name : caseNames(kCases)) {
    if (!unsupported.contains(name)) names.push_back(name);
  }
  return names;
}

class ReferenceEvaluation : public testing::TestWithParam<std::string> {};

TEST_P(ReferenceEvaluation, Case) {
  EXPECT_EQ(evaluateCase(std::string(kCases) + "/" + GetParam()), "");
}

INSTANTIATE_TEST_SUITE_P(All, ReferenceEvaluation, testing::ValuesIn(supportedCases()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace mlc::onnx_suite
