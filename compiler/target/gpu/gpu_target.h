// The NVIDIA architecture that device kernels are made for, and how GPUs are given work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "runtime/base/status.h"

namespace mlc::gpu {

// Threads of a block, of every kernel.
inline constexpr int64_t kBlockThreads = 256;
// Blocks of a launch at most; a thread of a larger problem computes several points.
inline constexpr int64_t kMaxBlocks = int64_t{1} << 24;

class GpuTarget {
 public:
  // "sm_80", "sm_86", "sm_89", "sm_90" or "sm_90a"; else kUsage.
  static StatusOr<GpuTarget> named(llvm::StringRef name);
  static const std::vector<std::string>& names();

  const std::string& name() const { return name_; }
  // The oldest PTX version that knows the architecture, as LLVM's feature: "+ptx70".
  const std::string& ptxFeature() const { return ptxFeature_; }

 private:
  GpuTarget(std::string name, std::string ptxFeature)
      : name_(std::move(name)), ptxFeature_(std::move(ptxFeature)) {}

  std::string name_;
  std::string ptxFeature_;
};

}  // namespace mlc::gpu
