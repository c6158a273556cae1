// Compiles one kernel function from its text and calls it, for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/target/cpu/cpu_target.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "runtime/base/dim_expr.h"
#include "runtime/base/status.h"

namespace mlc::cpu {

// Memory that ends where an unmapped page begins: reading or writing past the end is a fault.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(size_t bytes);
  ~GuardedBuffer();
  GuardedBuffer(GuardedBuffer&& other) noexcept;
  GuardedBuffer& operator=(GuardedBuffer&& other) noexcept;

  size_t bytes() const { return bytes_; }

  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }

 private:
  void swap(GuardedBuffer& other);

  void* mapping_ = nullptr;
  size_t mapped_ = 0, bytes_ = 0;
  char* data_ = nullptr;
};

class KernelRunner {
 public:
  // `text`: a func.func named @kernel with the attribute mlc.kernel. Fails with the diagnostics.
  // Where this machine lacks a feature of the target, the target's code is only made; what it does
  // is run all the same, with products of short integers (vpdpbusd, vpmaddwd) replaced by plain
  // arithmetic.
  static StatusOr<KernelRunner> compile(const std::string& text, const CpuTarget& target);

  // Calls the kernel once per thread, one after the other. Arguments: the inputs, then the output.
  void run(const SymbolValues& symbols, std::vector<void*> buffers, int threads);

  const DimExpr& scratchBytes() const { return scratchBytes_; }

 private:
  std::unique_ptr<llvm::orc::LLJIT> jit_;
  void* entry_ = nullptr;
  std::vector<std::string> symbols_;
  DimExpr scratchBytes_;
  GuardedBuffer scratch_{0};
};

}  // namespace mlc::cpu
