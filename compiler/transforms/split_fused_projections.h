// Makes several contractions of one whose result is only used in slices: exporters and models fuse
// the projections to queries, keys and values, and the two halves of gated layers. Apart, each can
// be split by heads or columns.
//
//   %w = graph.weight "qkv" : tensor<768x2304xf32>
//   %0 = graph.contract %x, %w {equation = "bsk,kn->bsn"}
//   %1 = graph.add %0, %bias
//   %q = graph.slice %1 {starts = <"0", "0", "0">}
//   %k = graph.slice %1 {starts = <"0", "0", "768">}
//
// becomes, for %q and in the same way for %k:
//
//   %w = graph.weight "qkv[0:768,0:768]" : tensor<768x768xf32>
//   %0 = graph.contract %x, %w {equation = "bsk,kn->bsn"}
//   %q = graph.add %0, %bias_q
//
// Slices are moved up over transposes, and over reshapes that keep the sliced dim or split it, on
// the way. Where the weights are not in the table the parts stay slices of them. What is in a loop
// or branch, or sliced in one, stays whole.
#pragma once

#include <memory>

#include "compiler/dialect/graph/weight_table.h"
#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

// `weights` must outlive the pass.
std::unique_ptr<mlir::Pass> createSplitFusedProjectionsPass(graph::WeightTable* weights);

}  // namespace mlc::transforms
