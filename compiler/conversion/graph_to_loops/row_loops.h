// Loops of the roots that work on rows: softmax, layer norm, RMS norm, cumulative sums. A row is
// all elements with the same indices outside the root's axes; every thread has a contiguous share
// of the rows.
#pragma once

#include "compiler/conversion/graph_to_loops/element_evaluator.h"

namespace mlc::conversion {

bool isRowRoot(mlir::Operation* op);

void emitRowRoot(mlir::Operation* root, KernelFrame& frame, ElementEvaluator& evaluator);

}  // namespace mlc::conversion
