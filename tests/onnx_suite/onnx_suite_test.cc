// Every case of ONNX's backend tests: the importer refuses it, as unsupported.txt says, or it
// computes what it must.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "tests/onnx_suite/expectations.h"
#include "tests/onnx_suite/suite_case.h"

namespace mlc::onnx_suite {
namespace {

constexpr char kCases[] = "tests/onnx_suite/cases";
constexpr char kUnsupported[] = "tests/onnx_suite/unsupported.txt";
constexpr char kHowToRegenerate[] =
    "if that is right: bazel run //tests/onnx_suite:list_unsupported > "
    "tests/onnx_suite/unsupported.txt";

const Expectations& unsupported() {
  static const auto* expectations = new Expectations(readExpectations(kUnsupported));
  return *expectations;
}

class OnnxSuite : public testing::TestWithParam<std::string> {};

TEST_P(OnnxSuite, Case) {
  const std::string folder = std::string(kCases) + "/" + GetParam();
  const auto expected = unsupported().find(GetParam());
  const std::string expectedReason = expected == unsupported().end() ? "" : expected->second;
  const std::string reason = unsupportedReason(folder);
  ASSERT_EQ(reason, expectedReason) << kHowToRegenerate;
  if (reason.empty()) {
    EXPECT_EQ(runCase(folder, testing::TempDir() + "/" + std::to_string(getpid())), "");
  }
}

INSTANTIATE_TEST_SUITE_P(All, OnnxSuite, testing::ValuesIn(caseNames(kCases)),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

TEST(Expectations, NameCases) {
  const std::vector<std::string> names = caseNames(kCases);
  EXPECT_GT(names.size(), 1000u);
  for (const auto& [name, reason] : unsupported()) {
    EXPECT_TRUE(std::binary_search(names.begin(), names.end(), name))
        << name << "; " << kHowToRegenerate;
  }
}

}  // namespace
}  // namespace mlc::onnx_suite
