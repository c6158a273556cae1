#include "compiler/target/gpu/fake_program_target.h"

#include "compiler/target/cpu/emit_object.h"
#include "compiler/target/cpu/link_shared_object.h"
#include "compiler/target/gpu/device_entry.h"
#include "compiler/target/gpu/lower_device_kernels.h"

namespace mlc::gpu {

StatusOr<target::CompiledKernels> FakeProgramTarget::compileKernels(
    llvm::ArrayRef<mlir::func::FuncOp> kernels, const Progress&) const {
  if (kernels.empty()) return target::CompiledKernels();
  MLC_ASSIGN_OR_RETURN(LoweredDeviceKernels lowered, lowerDeviceKernels(kernels));
  for (const DeviceKernelInfo& kernel : lowered.kernels) addFakeEntry(lowered.functionOf(kernel));
  target::CompiledKernels result = launchesOf(lowered.kernels);
  MLC_ASSIGN_OR_RETURN(std::string object, cpu::emitObject(*lowered.module, host()));
  MLC_ASSIGN_OR_RETURN(result.files.emulation, cpu::linkSharedObject({std::move(object)}));
  return result;
}

void FakeProgramTarget::describe(package::Program& program) const {
  program.target = "fake";
  describeHost(program);
}

}  // namespace mlc::gpu
