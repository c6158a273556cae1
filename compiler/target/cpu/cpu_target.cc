#include "compiler/target/cpu/cpu_target.h"

#include <algorithm>

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "runtime/base/cpu_features.h"

namespace mlc::cpu {
namespace {

const std::vector<std::string> kVersion3 = {"avx",    "avx2",   "bmi",   "bmi2",   "f16c",
                                            "fma",    "lzcnt",  "movbe", "popcnt", "sse3",
                                            "sse4.1", "sse4.2", "ssse3"};
const std::vector<std::string> kVersion4 = {"avx512bw", "avx512cd", "avx512dq", "avx512f",
                                            "avx512vl"};
std::vector<std::string> concatenated(
    std::initializer_list<const std::vector<std::string>*> lists) {
  std::vector<std::string> all;
  for (const auto* list : lists) all.insert(all.end(), list->begin(), list->end());
  return all;
}

}  // namespace

CpuTarget::CpuTarget(Architecture architecture, std::vector<std::string> features)
    : architecture_(architecture), features_(std::move(features)) {
  std::sort(features_.begin(), features_.end());
}

CpuTarget CpuTarget::host() { return *named(nativeCpu()); }

StatusOr<CpuTarget> CpuTarget::named(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> parts;
  name.split(parts, '+');
  MLC_ASSIGN_OR_RETURN(const CpuTarget base, withoutExtras(parts[0]));
  std::vector<std::string> features = base.features_;
  if (!base.isX86() && parts.size() > 1)
    return usageError("CPU target '" + name.str() + "': " + parts[0].str() + " takes no features");
  for (llvm::StringRef extra : llvm::drop_begin(parts)) {
    if (!llvm::is_contained(kCodeFeatures, std::string_view(extra))) {
      return usageError("unknown CPU feature '" + extra.str() + "' in '" + name.str() + "'");
    }
    if (!base.has(extra)) features.push_back(extra.str());
  }
  return CpuTarget(base.architecture_, std::move(features));
}

StatusOr<CpuTarget> CpuTarget::withoutExtras(llvm::StringRef name) {
  if (name == "host") return host();
  constexpr auto kX86 = Architecture::kX86_64;
  if (name == "x86-64") return CpuTarget(kX86, {});
  if (name == "x86-64-v3") return CpuTarget(kX86, kVersion3);
  if (name == "x86-64-v4") return CpuTarget(kX86, concatenated({&kVersion3, &kVersion4}));
  if (name == "aarch64") return CpuTarget(Architecture::kAArch64, {"fp-armv8", "neon"});
  return usageError("unknown CPU target '" + name.str() +
                    "': use host, x86-64, x86-64-v3, x86-64-v4 or aarch64");
}

llvm::StringRef CpuTarget::architectureName() const { return isX86() ? "x86-64" : "aarch64"; }

std::string CpuTarget::name() const {
  std::string text = architectureName().str();
  // All aarch64 targets have the same features.
  for (const std::string& feature : isX86() ? features_ : std::vector<std::string>())
    text += "+" + feature;
  return text;
}

bool CpuTarget::has(llvm::StringRef feature) const {
  return std::binary_search(features_.begin(), features_.end(), feature.str());
}

std::string CpuTarget::llvmFeatures() const {
  std::string text;
  for (const std::string& feature : features_) {
    if (!text.empty()) text += ",";
    text += "+" + feature;
  }
  return text;
}

}  // namespace mlc::cpu
