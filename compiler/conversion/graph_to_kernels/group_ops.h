// Decides which graph ops of a block form one kernel.
#pragma once

#include <vector>

#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace mlc::conversion {

// Ops of one kernel, in the block's order. The last one's results leave the kernel, and what ops
// behind the kernel read of the others'; all have the same shape.
struct KernelGroup {
  llvm::SmallVector<mlir::Operation*> ops;
  // The op that is not elementwise or movement; null if there is none.
  mlir::Operation* root = nullptr;
};

// Whether an op computes, so that it belongs in a kernel (unlike leaves, views, appends, calls,
// collectives and control flow).
bool computes(mlir::Operation* op);

// Whether an op only moves elements: in a kernel those that the kernel's results are made of.
bool isMovement(mlir::Operation* op);

// The groups of a block's own ops (not of nested regions), in the order of their last ops. See
// form_kernels.h for the rules. isStorage: whether a dequantize belongs to the contraction that
// reads it, whose kernel takes the stored elements.
std::vector<KernelGroup> groupOps(mlir::Block& block,
                                  llvm::function_ref<bool(graph::DequantizeOp)> isStorage);

}  // namespace mlc::conversion
