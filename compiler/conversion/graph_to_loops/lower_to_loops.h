// Lowers a kernel function to loops over its elements (scf, memref, arith, math).
//
//   func.func private @k(%x, %r) {               func.func @k(%thread, %threads, %x: memref<f32>, ..) {
//     %0 = graph.add %x, %r                        for each row of this thread's share:
//     %1 = graph.softmax %0 {axis = 2}     ==>       maximum, sum and result in loops over the row,
//     return %1                                      each computing x + r where it needs it
//   }                                            }
//
// Elementwise and movement ops become part of the expressions inside the loops of the kernel's
// root, so fusion needs no buffers and dynamic shapes no special case; LLVM vectorizes the
// innermost loops. Each thread has a contiguous share of the rows. Takes what form-kernels puts
// into kernels, but attention, which is decomposed before, and convolutions of channel blocks;
// contractions and convolutions as plain loops, for what the micro-kernels do not take.
#pragma once

#include "compiler/conversion/graph_to_loops/kernel_frame.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {

// Adds the lowered function at the builder's insertion point. See kernel_frame.h for its signature.
mlir::FailureOr<mlir::func::FuncOp> lowerToLoops(mlir::func::FuncOp kernel,
                                                 mlir::OpBuilder& builder, Sharing sharing);

}  // namespace mlc::conversion
