// The value of one element of a root's result, where every element is a reduction of its own
// (pools, reductions, sums of products as plain loops, ...): the ops that PointEmitter takes.
#pragma once

#include "compiler/conversion/graph_to_loops/element_evaluator.h"

namespace mlc::conversion {

bool isPointRoot(mlir::Operation* op);

// The element at these indices of each of the root's results, in its compute type.
llvm::SmallVector<mlir::Value> emitPoint(mlir::Operation* root, llvm::ArrayRef<mlir::Value> indices,
                                         KernelFrame& frame, ElementEvaluator& evaluator);

}  // namespace mlc::conversion
