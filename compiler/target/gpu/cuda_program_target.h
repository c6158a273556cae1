// Programs whose kernels and tensors are on an NVIDIA GPU: kernels are PTX, which the driver
// assembles when the package is loaded.
#pragma once

#include "compiler/target/gpu/gpu_target.h"
#include "compiler/target/program_target.h"

namespace mlc::gpu {

class CudaProgramTarget : public target::ProgramTarget {
 public:
  CudaProgramTarget(GpuTarget gpu, cpu::CpuTarget host)
      : ProgramTarget(std::move(host)), gpu_(std::move(gpu)) {}

  std::string name() const override { return "cuda " + gpu_.name() + ", " + host().name(); }
  conversion::Memory memory() const override { return conversion::Memory::kDevice; }
  conversion::KernelPolicy kernelPolicy() const override { return {}; }
  StatusOr<target::CompiledKernels> compileKernels(llvm::ArrayRef<mlir::func::FuncOp> kernels,
                                                   const Progress& progress) const override;
  void describe(package::Program& program) const override;

 private:
  GpuTarget gpu_;
};

}  // namespace mlc::gpu
