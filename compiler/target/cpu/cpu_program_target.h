// Programs whose kernels and tensors are on the CPU that runs the host functions.
#pragma once

#include "compiler/target/program_target.h"

namespace mlc::cpu {

class CpuProgramTarget : public target::ProgramTarget {
 public:
  explicit CpuProgramTarget(CpuTarget cpu) : ProgramTarget(std::move(cpu)) {}

  std::string name() const override { return "cpu " + host().name(); }
  conversion::Memory memory() const override { return conversion::Memory::kHost; }
  // Weights on the right side of contractions are packed for the micro-kernels; attention stays
  // whole where it has one.
  conversion::KernelPolicy kernelPolicy() const override;
  // One object per kernel, in parallel.
  StatusOr<target::CompiledKernels> compileKernels(llvm::ArrayRef<mlir::func::FuncOp> kernels,
                                                   const Progress& progress) const override;
  void describe(package::Program& program) const override;
};

}  // namespace mlc::cpu
