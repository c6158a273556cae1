#include "compiler/target/target_of_device.h"

#include "compiler/target/cpu/cpu_program_target.h"
#include "compiler/target/cpu/lower_kernel.h"
#include "compiler/target/gpu/cuda_program_target.h"
#include "compiler/target/gpu/fake_program_target.h"
#include "compiler/target/gpu/lower_device_kernels.h"

namespace mlc::target {

StatusOr<std::unique_ptr<ProgramTarget>> targetOfDevice(const partition::Device& device,
                                                        const cpu::CpuTarget& host) {
  using Kind = partition::Device::Kind;
  using Made = std::unique_ptr<ProgramTarget>;
  switch (device.kind) {
    case Kind::kCpu:
      return Made(std::make_unique<cpu::CpuProgramTarget>(host));
    case Kind::kFake:
      return Made(std::make_unique<gpu::FakeProgramTarget>(host));
    case Kind::kCuda:
      break;
  }
  MLC_ASSIGN_OR_RETURN(gpu::GpuTarget gpu, gpu::GpuTarget::named(device.arch));
  return Made(std::make_unique<gpu::CudaProgramTarget>(std::move(gpu), host));
}

void registerLoweringDialects(mlir::DialectRegistry& registry) {
  cpu::registerLoweringDialects(registry);
  gpu::registerLoweringDialects(registry);
}

}  // namespace mlc::target
