// Seeds of another format version would be refused at their first key, and the fuzzer would see no
// more of the parser.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/package/manifest.h"

namespace mlc::package {
namespace {

TEST(ManifestSeeds, AreOfThisVersion) {
  int count = 0;
  for (const auto& seed : std::filesystem::directory_iterator("tests/parsers/seeds/manifest")) {
    std::ifstream file(seed.path());
    const auto manifest = parseManifest({std::istreambuf_iterator<char>(file), {}});
    EXPECT_TRUE(manifest.ok()) << seed.path() << ": " << manifest.status().message();
    ++count;
  }
  EXPECT_GT(count, 5);
}

}  // namespace
}  // namespace mlc::package
