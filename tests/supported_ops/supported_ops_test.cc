#include "tests/supported_ops/supported_ops.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace mlc {
namespace {

TEST(SupportedOps, DocumentIsUpToDate) {
  std::ifstream file("docs/supported_ops.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), supportedOpsDocument())
      << "run: bazel run //tests/supported_ops:print > docs/supported_ops.md";
}

TEST(SupportedOps, DocumentHasARowForEachOp) {
  const std::string document = supportedOpsDocument();
  EXPECT_NE(document.find("\n| MatMul | "), std::string::npos);
  EXPECT_NE(document.find("\n## com.microsoft\n"), std::string::npos);
}

}  // namespace
}  // namespace mlc
