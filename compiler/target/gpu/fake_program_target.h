// Programs whose kernels and tensors are on the fake GPU (runtime/device/fake): a shared object
// emulates the kernels on the CPU, launch by launch.
#pragma once

#include "compiler/target/program_target.h"

namespace mlc::gpu {

class FakeProgramTarget : public target::ProgramTarget {
 public:
  explicit FakeProgramTarget(cpu::CpuTarget host) : ProgramTarget(std::move(host)) {}

  std::string name() const override { return "fake, " + host().name(); }
  conversion::Memory memory() const override { return conversion::Memory::kDevice; }
  conversion::KernelPolicy kernelPolicy() const override { return {}; }
  StatusOr<target::CompiledKernels> compileKernels(llvm::ArrayRef<mlir::func::FuncOp> kernels,
                                                   const Progress& progress) const override;
  void describe(package::Program& program) const override;
};

}  // namespace mlc::gpu
