#include "compiler/target/cpu/cpu_target.h"

#include <algorithm>

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

namespace mlc::cpu {
namespace {

const std::vector<std::string> kVersion3 = {"avx",    "avx2",   "bmi",   "bmi2",   "f16c",
                                            "fma",    "lzcnt",  "movbe", "popcnt", "sse3",
                                            "sse4.1", "sse4.2", "ssse3"};
const std::vector<std::string> kVersion4 = {"avx512bw", "avx512cd", "avx512dq", "avx512f",
                                            "avx512vl"};
// Beyond them only what the micro-kernels use: a program runs on every CPU that has its features.
const std::vector<std::string> kBeyond = {"avx512vnni", "avxvnni"};

std::vector<std::string> concatenated(
    std::initializer_list<const std::vector<std::string>*> lists) {
  std::vector<std::string> all;
  for (const auto* list : lists) all.insert(all.end(), list->begin(), list->end());
  return all;
}

}  // namespace

CpuTarget::CpuTarget(std::vector<std::string> features) : features_(std::move(features)) {
  std::sort(features_.begin(), features_.end());
}

CpuTarget CpuTarget::host() {
  const llvm::StringMap<bool> present = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> features;
  for (const std::string& feature : concatenated({&kVersion3, &kVersion4, &kBeyond})) {
    if (present.lookup(feature)) features.push_back(feature);
  }
  // The same instruction, in a form for CPUs without AVX-512.
  if (present.lookup("avx512vnni")) std::erase(features, "avxvnni");
  return CpuTarget(std::move(features));
}

StatusOr<CpuTarget> CpuTarget::named(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> parts;
  name.split(parts, '+');
  MLC_ASSIGN_OR_RETURN(const CpuTarget base, withoutExtras(parts[0]));
  std::vector<std::string> features = base.features_;
  const std::vector<std::string> known = concatenated({&kVersion3, &kVersion4, &kBeyond});
  for (llvm::StringRef extra : llvm::drop_begin(parts)) {
    if (std::find(known.begin(), known.end(), extra.str()) == known.end()) {
      return usageError("unknown CPU feature '" + extra.str() + "' in '" + name.str() + "'");
    }
    if (!base.has(extra)) features.push_back(extra.str());
  }
  return CpuTarget(std::move(features));
}

StatusOr<CpuTarget> CpuTarget::withoutExtras(llvm::StringRef name) {
  if (name == "host") return host();
  if (name == "x86-64-v3") return CpuTarget(kVersion3);
  if (name == "x86-64-v4") return CpuTarget(concatenated({&kVersion3, &kVersion4}));
  return usageError("unknown CPU target '" + name.str() + "': use host, x86-64-v3 or x86-64-v4");
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
