// Lowers one kernel function of a rank program for the CPU, down to the LLVM dialect.
#pragma once

#include "compiler/target/cpu/cpu_target.h"
#include "compiler/target/kernel_report.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlc::cpu {

// Adds the lowered function at the builder's insertion point: a micro-kernel where its root is a
// contraction or convolution that one exists for, the kernel of attention/attention_kernel.h where
// it is an attention, loops otherwise. Its signature is that of contract/contract_kernel.h; the
// attribute mlc.scratch_bytes, if there, gives the bytes of scratch per thread.
struct LoweredKernel {
  mlir::func::FuncOp function;
  target::KernelLowering lowering;  // which code it is, and why not a faster one
};
mlir::FailureOr<LoweredKernel> lowerKernel(mlir::func::FuncOp kernel, const CpuTarget& target,
                                           mlir::OpBuilder& builder);

// Lowers a module of lowered kernels or host functions to the LLVM dialect (bare-pointer calling
// convention).
llvm::LogicalResult lowerToLLVM(mlir::ModuleOp module);

// Dialects and interfaces that the two need.
void registerLoweringDialects(mlir::DialectRegistry& registry);

}  // namespace mlc::cpu
