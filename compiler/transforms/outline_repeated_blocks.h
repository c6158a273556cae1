// Makes one function of blocks that repeat in @main (the layers of a transformer), called once for
// each.
//
//   %w0 = graph.weight "layer.0.w"                          %w0 = graph.weight "layer.0.w"
//   %1 = graph.contract %0, %w0                             %2 = call @block(%0, %w0)
//   %2 = graph.gelu %1                                ==>   %w1 = graph.weight "layer.1.w"
//   %w1 = graph.weight "layer.1.w"                          %4 = call @block(%2, %w1)
//   %3 = graph.contract %2, %w1
//   %4 = graph.gelu %3
//                                                           func.func private @block(%x, %w)
//
// Blocks are found from structure alone: equal ops, attributes and types, wired alike. Activations
// and weights are operands of the calls, equal constants are copied into the function. Only where a
// block has at least two contractions or convolutions, and at least four of them are saved. The ops
// of @main are put into a normal order on the way.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

std::unique_ptr<mlir::Pass> createOutlineRepeatedBlocksPass();

}  // namespace mlc::transforms
