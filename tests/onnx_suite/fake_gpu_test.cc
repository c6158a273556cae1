// Every case of ONNX's backend tests that the importer takes, on the fake GPU.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cctype>

#include "tests/onnx_suite/expectations.h"
#include "tests/onnx_suite/suite_case.h"

namespace mlc::onnx_suite {
namespace {

constexpr char kCases[] = "tests/onnx_suite/cases";
constexpr char kUnsupported[] = "tests/onnx_suite/unsupported.txt";

std::vector<std::string> supportedCases() {
  const Expectations unsupported = readExpectations(kUnsupported);
  std::vector<std::string> names = caseNames(kCases);
  std::erase_if(names, [&](const std::string& name) { return unsupported.contains(name); });
  return names;
}

class FakeGpu : public testing::TestWithParam<std::string> {};

TEST_P(FakeGpu, Case) {
  const std::string scratch = testing::TempDir() + "/" + std::to_string(getpid());
  EXPECT_EQ(
      runCase(std::string(kCases) + "/" + GetParam(), scratch, partition::Device::Kind::kFake), "");
}

INSTANTIATE_TEST_SUITE_P(All, FakeGpu, testing::ValuesIn(supportedCases()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

}  // namespace
}  // namespace mlc::onnx_suite
