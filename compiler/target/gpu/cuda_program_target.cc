#include "compiler/target/gpu/cuda_program_target.h"

#include "compiler/target/gpu/device_entry.h"
#include "compiler/target/gpu/emit_ptx.h"
#include "compiler/target/gpu/lower_device_kernels.h"

namespace mlc::gpu {

StatusOr<target::CompiledKernels> CudaProgramTarget::compileKernels(
    llvm::ArrayRef<mlir::func::FuncOp> kernels, const Progress&) const {
  if (kernels.empty()) return target::CompiledKernels();
  MLC_ASSIGN_OR_RETURN(LoweredDeviceKernels lowered, lowerDeviceKernels(kernels));
  for (const DeviceKernelInfo& kernel : lowered.kernels) addCudaEntry(lowered.functionOf(kernel));
  target::CompiledKernels result = launchesOf(lowered.kernels);
  MLC_ASSIGN_OR_RETURN(result.files.ptx, emitPtx(*lowered.module, gpu_));
  return result;
}

void CudaProgramTarget::describe(package::Program& program) const {
  program.target = "cuda";
  describeHost(program);
}

}  // namespace mlc::gpu
