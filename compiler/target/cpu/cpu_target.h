// The CPU that code is made for: an architecture and a set of its features, by LLVM's names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "runtime/base/status.h"

namespace mlc::cpu {

class CpuTarget {
 public:
  enum class Architecture { kX86_64, kAArch64 };

  // The features that code is made with, of those that this machine's CPUID reports.
  static CpuTarget host();
  // "host", "x86-64", "x86-64-v3" (AVX2, FMA), "x86-64-v4" (AVX-512) or "aarch64" (NEON); with
  // further features of x86 after it, as "x86-64-v4+avx512vnni".
  static StatusOr<CpuTarget> named(llvm::StringRef name);

  Architecture architecture() const { return architecture_; }
  bool isX86() const { return architecture_ == Architecture::kX86_64; }
  // As the manifest and LLVM name it: "x86-64", "aarch64".
  llvm::StringRef architectureName() const;

  // Sorted.
  const std::vector<std::string>& features() const { return features_; }
  bool has(llvm::StringRef feature) const;

  // Architecture and features, as named() takes them: equal for equal targets.
  std::string name() const;

  int64_t vectorBytes() const { return has("avx512f") ? 64 : has("avx2") ? 32 : 16; }
  int64_t numVectorRegisters() const { return !isX86() || has("avx512f") ? 32 : 16; }

  // Vectors of columns in a micro-kernel's tile: what fits the registers beside six rows of them.
  int64_t tileVectors() const { return numVectorRegisters() >= 32 ? 4 : 2; }

  // "+avx2,+fma,...", as LLVM wants it.
  std::string llvmFeatures() const;

 private:
  static StatusOr<CpuTarget> withoutExtras(llvm::StringRef name);
  CpuTarget(Architecture architecture, std::vector<std::string> features);

  Architecture architecture_;
  std::vector<std::string> features_;
};

}  // namespace mlc::cpu
