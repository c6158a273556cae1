// The CPU that code is made for: a set of instruction-set features, by LLVM's names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "runtime/base/status.h"

namespace mlc::cpu {

class CpuTarget {
 public:
  // The features that code is made with, of those that this machine's CPUID reports.
  static CpuTarget host();
  // "host", "x86-64-v3" (AVX2, FMA) or "x86-64-v4" (AVX-512); with further features after it, as
  // "x86-64-v4+avx512vnni".
  static StatusOr<CpuTarget> named(llvm::StringRef name);

  // Equal for targets of equal features.
  std::string name() const { return llvmFeatures(); }

  // Sorted.
  const std::vector<std::string>& features() const { return features_; }
  bool has(llvm::StringRef feature) const;

  int64_t vectorBytes() const { return has("avx512f") ? 64 : has("avx2") ? 32 : 16; }
  int64_t numVectorRegisters() const { return has("avx512f") ? 32 : 16; }

  // Vectors of columns in a micro-kernel's tile: what fits the registers beside six rows of them.
  int64_t tileVectors() const { return numVectorRegisters() >= 32 ? 4 : 2; }

  // "+avx2,+fma,...", as LLVM wants it.
  std::string llvmFeatures() const;

 private:
  static StatusOr<CpuTarget> withoutExtras(llvm::StringRef name);
  explicit CpuTarget(std::vector<std::string> features);
  std::vector<std::string> features_;
};

}  // namespace mlc::cpu
