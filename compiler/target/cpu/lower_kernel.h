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
// it is an attention, loops otherwise. Its signature is that of contract/contract_kernel.h.
mlir::FailureOr<mlir::func::FuncOp> lowerKernel(mlir::func::FuncOp kernel, const CpuTarget& target,
                                                mlir::OpBuilder& builder);

// Which code lowerKernel takes for the kernel, and why not a faster one.
target::KernelLowering loweringOf(mlir::func::FuncOp kernel, const CpuTarget& target);

// Lowers a module of lowered kernels or host functions to the LLVM dialect (bare-pointer calling
// convention).
llvm::LogicalResult lowerToLLVM(mlir::ModuleOp module);

// Dialects and interfaces that the two need.
void registerLoweringDialects(mlir::DialectRegistry& registry);

}  // namespace mlc::cpu
