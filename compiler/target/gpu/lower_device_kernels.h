// Lowers the kernels of a rank program for a GPU, down to the LLVM dialect.
#pragma once

#include <string>
#include <vector>

#include "compiler/target/gpu/gpu_target.h"
#include "compiler/target/program_target.h"
#include "llvm/ADT/ArrayRef.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/base/dim_expr.h"
#include "runtime/base/status.h"

namespace mlc::gpu {

struct DeviceKernelInfo {
  std::string name;                  // of the entry
  std::vector<std::string> symbols;  // its first arguments, in order; then inputs and the output
  DimExpr points;                    // of the result, shared among the launch's threads
};

struct LoweredDeviceKernels {
  mlir::OwningOpRef<mlir::ModuleOp> module;  // LLVM dialect; the functions are not entries yet
  std::vector<DeviceKernelInfo> kernels;     // in the order given

  mlir::LLVM::LLVMFuncOp functionOf(const DeviceKernelInfo& kernel) const {
    return module.get().lookupSymbol<mlir::LLVM::LLVMFuncOp>(kernel.name);
  }
};

// Every kernel is plain loops over the points of its result (see device_entry.h). Fails with
// kUnsupported, and a diagnostic on the op, for what has no such form. There is a kernel.
StatusOr<LoweredDeviceKernels> lowerDeviceKernels(llvm::ArrayRef<mlir::func::FuncOp> kernels);

// How the host functions launch them, by the kernels' names, and what the manifest lists.
target::CompiledKernels launchesOf(llvm::ArrayRef<DeviceKernelInfo> kernels);

// Dialects and interfaces that it needs, beside cpu::registerLoweringDialects.
void registerLoweringDialects(mlir::DialectRegistry& registry);

}  // namespace mlc::gpu
