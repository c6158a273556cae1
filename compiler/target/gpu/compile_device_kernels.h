// Compiles the kernels of a rank program for a GPU, or for the fake one.
#pragma once

#include <string>
#include <vector>

#include "compiler/target/cpu/cpu_target.h"
#include "compiler/target/gpu/gpu_target.h"
#include "llvm/ADT/ArrayRef.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/base/dim_expr.h"
#include "runtime/base/status.h"

namespace mlc::gpu {

struct DeviceKernelInfo {
  std::string name;                  // of the entry
  std::vector<std::string> symbols;  // its first arguments, in order; then inputs and the output
  DimExpr points;                    // of the result, shared among the launch's threads
};

struct DeviceKernels {
  std::vector<DeviceKernelInfo> kernels;  // in the order given
  std::string ptx;                        // of all kernels; an NVIDIA target
  std::string object;                     // ELF object that emulates them on `cpu`; the fake target
};

// Every kernel is plain loops over the points of its result. Fails with kUnsupported, and a
// diagnostic on the op, for what has no such form.
StatusOr<DeviceKernels> compileDeviceKernels(llvm::ArrayRef<mlir::func::FuncOp> kernels,
                                             const GpuTarget& target, const cpu::CpuTarget& cpu);

// Dialects and interfaces that it needs, beside cpu::registerLoweringDialects.
void registerLoweringDialects(mlir::DialectRegistry& registry);

}  // namespace mlc::gpu
