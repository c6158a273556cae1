// What this machine's CPU can do, by LLVM's names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlc {

// The architecture that the runtime is made for. (The compiler makes code for aarch64 too.)
inline constexpr std::string_view kCpuArchitecture = "x86-64";

// The features of x86-64 that compiled programs may use, as LLVM names them. Only what code
// generation knows is here: a program runs on every CPU that has the features it was compiled with.
inline constexpr std::string_view kCodeFeatures[] = {
    "avx",        "avx2",    "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl",
    "avx512vnni", "avxvnni", "bmi",      "bmi2",     "f16c",     "fma",     "lzcnt",
    "movbe",      "popcnt",  "sse3",     "sse4.1",   "sse4.2",   "ssse3"};

// This CPU as mlc-compile's --target takes it: "x86-64+avx+avx2+...".
std::string nativeCpu();

// Whether the CPU has the feature ("avx2", "fma", "avx512f", "avx512vl", "avx512_vnni" or
// "avx512vnni", "amx-tile" or "amx_tile", ...) and the operating system saves its registers. False
// for a name that is not known.
bool cpuHasFeature(std::string_view name);

// The known features that this CPU has, sorted: LLVM's names, with '_' for '-' and '.', and in
// "avx512_vnni" and the like.
std::vector<std::string> cpuFeatures();

}  // namespace mlc
