// The entry points of device kernels: what a launch calls.
//
// A kernel lowered for Sharing::kElements (conversion/graph_to_loops) and to the LLVM dialect
// computes the points thread, thread + threads, ... of its result. Its entry finds out which thread
// it is:
//
//   llvm.func @k(%thread: i64, %threads: i64, %symbol: i64, %x: ptr, %y: ptr)
//     becomes private, @k_points
//
//   CUDA     llvm.func @k(%symbol: i64, %x: ptr, %y: ptr) attributes {nvvm.kernel} {
//              thread = ctaid.x * ntid.x + tid.x, threads = nctaid.x * ntid.x, call @k_points }
//   fake     llvm.func @k(%block: i64, %thread: i64, %blocks: i64, %blockThreads: i64,
//                         %arguments: ptr) {
//              the same, with the arguments' values loaded from what the array points to,
//              pointers less their bias (runtime/abi/emulated_kernel.h) }
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlc::gpu {

// Adds the entry beside `points` under its name.
mlir::LLVM::LLVMFuncOp addCudaEntry(mlir::LLVM::LLVMFuncOp points);
mlir::LLVM::LLVMFuncOp addFakeEntry(mlir::LLVM::LLVMFuncOp points);

}  // namespace mlc::gpu
