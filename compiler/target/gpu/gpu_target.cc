#include "compiler/target/gpu/gpu_target.h"

#include "llvm/ADT/StringExtras.h"

namespace mlc::gpu {
namespace {

struct Architecture {
  const char* name;
  const char* ptxFeature;
};

constexpr Architecture kArchitectures[] = {{"sm_80", "+ptx70"},
                                           {"sm_86", "+ptx71"},
                                           {"sm_89", "+ptx78"},
                                           {"sm_90", "+ptx78"},
                                           {"sm_90a", "+ptx80"}};

}  // namespace

StatusOr<GpuTarget> GpuTarget::named(llvm::StringRef name) {
  for (const Architecture& known : kArchitectures) {
    if (name == known.name) return GpuTarget(known.name, known.ptxFeature);
  }
  return usageError("unknown GPU target '" + name.str() + "': use one of " +
                    llvm::join(names(), ", "));
}

const std::vector<std::string>& GpuTarget::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    for (const Architecture& known : kArchitectures) made.emplace_back(known.name);
    return made;
  }();
  return all;
}

}  // namespace mlc::gpu
