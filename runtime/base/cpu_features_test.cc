#include "runtime/base/cpu_features.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace mlc {
namespace {

// What the kernel says of the CPU.
std::set<std::string> kernelFlags() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

TEST(CpuFeatures, TheNativeCpuHasWhatItsNameSays) {
  const std::string name = nativeCpu();
  EXPECT_TRUE(name.starts_with(kCpuArchitecture)) << name;
  for (size_t at = name.find('+'); at != std::string::npos; at = name.find('+', at + 1)) {
    const std::string feature = name.substr(at + 1, name.find('+', at + 1) - at - 1);
    EXPECT_TRUE(cpuHasFeature(feature)) << feature;
    EXPECT_FALSE(feature.starts_with("amx")) << "no code uses it";
  }
}

TEST(CpuFeatures, AgreesWithTheKernel) {
  const std::set<std::string> flags = kernelFlags();
  ASSERT_FALSE(flags.empty());
  for (const char* name :
       {"avx", "avx2", "fma", "f16c", "bmi2", "avx512f", "avx512bw", "avx512dq", "avx512vl",
        "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "sse4_2", "popcnt", "vaes"}) {
    EXPECT_EQ(cpuHasFeature(name), flags.contains(name)) << name;
  }
}

TEST(CpuFeatures, SpellingsAreTheSameFeature) {
  EXPECT_EQ(cpuHasFeature("sse4.2"), cpuHasFeature("sse4_2"));
  EXPECT_EQ(cpuHasFeature("amx-tile"), cpuHasFeature("amx_tile"));
  EXPECT_FALSE(cpuHasFeature("no_such_feature"));
}

}  // namespace
}  // namespace mlc
