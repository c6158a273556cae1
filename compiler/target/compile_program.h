// Compiles one rank program: graph module in; shared object and, for a device, its kernels out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/target/cpu/cpu_target.h"
#include "compiler/target/gpu/gpu_target.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::target {

struct ProgramTarget {
  cpu::CpuTarget cpu;  // of the host functions, and of the kernels where there is no gpu
  std::optional<gpu::GpuTarget> gpu;  // where the kernels and all tensors are, if not on the CPU
};

struct CompiledProgram {
  std::string object;     // bytes of the shared object
  std::string ptx;        // of the device kernels; an NVIDIA target
  std::string emulation;  // shared object that emulates them; the fake target
  std::vector<package::DeviceKernel> deviceKernels;
  std::vector<std::string> symbols;          // order of MlcInvocation::symbols
  std::vector<package::WeightSlot> weights;  // `source` is not filled in
  int kernels = 0;                           // distinct kernels
};

// Called with a name ("kernels", "host") and the module as it is at that point.
using DumpFunction = std::function<void(const std::string& name, mlir::ModuleOp module)>;

// Consumes the module's contents: its ops are outlined into kernels on the way. Kernels are
// compiled in parallel.
StatusOr<CompiledProgram> compileProgram(mlir::ModuleOp program, const ProgramTarget& target,
                                         const DumpFunction& dump);

}  // namespace mlc::target
