// The optimize stage: all passes over the whole model, in order.
#pragma once

#include "compiler/dialect/graph/weight_table.h"
#include "mlir/Pass/PassManager.h"

namespace mlc::transforms {

// `weights` must outlive the pipeline. keepStates: makes states of pairs of inputs and outputs
// (keep_states.h).
void addOptimizePasses(mlir::OpPassManager& passes, graph::WeightTable* weights,
                       bool keepStates = false);

}  // namespace mlc::transforms
