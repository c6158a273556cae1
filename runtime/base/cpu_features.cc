#include "runtime/base/cpu_features.h"

#include <cpuid.h>

#include <algorithm>
#include <cstdint>

namespace mlc {
namespace {

enum Register { kEax, kEbx, kEcx, kEdx };

// Parts of XCR0 that must be on for a feature's registers to be saved.
constexpr uint64_t kNone = 0;
constexpr uint64_t kYmm = 0x6;
constexpr uint64_t kZmm = 0xe6;
constexpr uint64_t kTiles = 0x60000;

struct Feature {
  std::string_view name;
  uint32_t leaf, subleaf;
  Register reg;
  int bit;
  uint64_t state;
};

constexpr Feature kFeatures[] = {
    {"adx", 7, 0, kEbx, 19, kNone},          {"aes", 1, 0, kEcx, 25, kNone},
    {"amx_bf16", 7, 0, kEdx, 22, kTiles},    {"amx_fp16", 7, 1, kEax, 21, kTiles},
    {"amx_int8", 7, 0, kEdx, 25, kTiles},    {"amx_tile", 7, 0, kEdx, 24, kTiles},
    {"avx", 1, 0, kEcx, 28, kYmm},           {"avx2", 7, 0, kEbx, 5, kYmm},
    {"avx512_bf16", 7, 1, kEax, 5, kZmm},    {"avx512_bitalg", 7, 0, kEcx, 12, kZmm},
    {"avx512_fp16", 7, 0, kEdx, 23, kZmm},   {"avx512_vbmi2", 7, 0, kEcx, 6, kZmm},
    {"avx512_vnni", 7, 0, kEcx, 11, kZmm},   {"avx512_vpopcntdq", 7, 0, kEcx, 14, kZmm},
    {"avx512bw", 7, 0, kEbx, 30, kZmm},      {"avx512cd", 7, 0, kEbx, 28, kZmm},
    {"avx512dq", 7, 0, kEbx, 17, kZmm},      {"avx512f", 7, 0, kEbx, 16, kZmm},
    {"avx512ifma", 7, 0, kEbx, 21, kZmm},    {"avx512vbmi", 7, 0, kEcx, 1, kZmm},
    {"avx512vl", 7, 0, kEbx, 31, kZmm},      {"avxvnni", 7, 1, kEax, 4, kYmm},
    {"bmi", 7, 0, kEbx, 3, kNone},           {"bmi2", 7, 0, kEbx, 8, kNone},
    {"cx16", 1, 0, kEcx, 13, kNone},         {"cx8", 1, 0, kEdx, 8, kNone},
    {"f16c", 1, 0, kEcx, 29, kYmm},          {"fma", 1, 0, kEcx, 12, kYmm},
    {"fsgsbase", 7, 0, kEbx, 0, kNone},      {"fxsr", 1, 0, kEdx, 24, kNone},
    {"gfni", 7, 0, kEcx, 8, kNone},          {"lzcnt", 0x80000001, 0, kEcx, 5, kNone},
    {"mmx", 1, 0, kEdx, 23, kNone},          {"movbe", 1, 0, kEcx, 22, kNone},
    {"pclmul", 1, 0, kEcx, 1, kNone},        {"popcnt", 1, 0, kEcx, 23, kNone},
    {"rdrnd", 1, 0, kEcx, 30, kNone},        {"rdseed", 7, 0, kEbx, 18, kNone},
    {"sahf", 0x80000001, 0, kEcx, 0, kNone}, {"sha", 7, 0, kEbx, 29, kNone},
    {"sse", 1, 0, kEdx, 25, kNone},          {"sse2", 1, 0, kEdx, 26, kNone},
    {"sse3", 1, 0, kEcx, 0, kNone},          {"sse4_1", 1, 0, kEcx, 19, kNone},
    {"sse4_2", 1, 0, kEcx, 20, kNone},       {"sse4a", 0x80000001, 0, kEcx, 6, kNone},
    {"ssse3", 1, 0, kEcx, 9, kNone},         {"vaes", 7, 0, kEcx, 9, kYmm},
    {"vpclmulqdq", 7, 0, kEcx, 10, kYmm},    {"xsave", 1, 0, kEcx, 26, kNone},
};

// XCR0, or 0 where the operating system does not use XSAVE.
uint64_t enabledState() {
  uint32_t eax, ebx, ecx, edx;
  constexpr uint32_t kOsXsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & kOsXsave)) return 0;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool present(const Feature& feature) {
  uint32_t registers[4];
  if (!__get_cpuid_count(feature.leaf, feature.subleaf, &registers[0], &registers[1], &registers[2],
                         &registers[3])) {
    return false;
  }
  if (!(registers[feature.reg] >> feature.bit & 1)) return false;
  return feature.state == kNone || (enabledState() & feature.state) == feature.state;
}

// Without what LLVM, /proc/cpuinfo and the table above write differently: "avx512vnni" and
// "avx512_vnni", "amx-tile" and "amx_tile", "sse4.1" and "sse4_1".
std::string withoutSeparators(std::string_view name) {
  std::string result;
  for (char c : name) {
    if (c != '_' && c != '-' && c != '.') result += c;
  }
  return result;
}

}  // namespace

std::string nativeCpu() {
  std::string name(kCpuArchitecture);
  for (std::string_view feature : kCodeFeatures) {
    // The same instruction as avx512vnni, in a form for CPUs without AVX-512.
    const bool isDouble = feature == "avxvnni" && cpuHasFeature("avx512vnni");
    if (cpuHasFeature(feature) && !isDouble) name += "+" + std::string(feature);
  }
  return name;
}

bool cpuHasFeature(std::string_view name) {
  const std::string wanted = withoutSeparators(name);
  for (const Feature& feature : kFeatures) {
    if (withoutSeparators(feature.name) == wanted) return present(feature);
  }
  return false;
}

std::vector<std::string> cpuFeatures() {
  std::vector<std::string> names;
  for (const Feature& feature : kFeatures) {
    if (present(feature)) names.emplace_back(feature.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace mlc
