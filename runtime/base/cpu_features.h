// What this machine's CPU can do, by the names that LLVM and /proc/cpuinfo use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlc {

// Whether the CPU has the feature ("avx2", "fma", "avx512f", "avx512vl", "avx512_vnni" or
// "avx512vnni", "amx-tile" or "amx_tile", ...) and the operating system saves its registers. False
// for a name that is not known.
bool cpuHasFeature(std::string_view name);

// The known features that this CPU has, in the spelling of /proc/cpuinfo, sorted.
std::vector<std::string> cpuFeatures();

}  // namespace mlc
