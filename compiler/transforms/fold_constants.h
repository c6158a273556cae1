// Evaluates ops whose operands are all constants or weights.
//
//   %0 = graph.weight "w" : tensor<768x384xf32>
//   %1 = graph.transpose %0 {permutation = [1, 0]}
//     ==>
//   %1 = graph.weight "w.folded" : tensor<384x768xf32>
//
// Results of at most 1 KiB become graph.constant; larger ones new weights, in the table. A result
// with one value throughout becomes a fill, and ops that only move a fill's elements are not
// evaluated at all. Kept as they are: dequantization (the point of a quantized weight is its size),
// broadcasts to more than four times the bytes, and what exceeds 1 GiB of results in all.
#pragma once

#include <memory>

#include "compiler/dialect/graph/weight_table.h"
#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

// `weights` must outlive the pass.
std::unique_ptr<mlir::Pass> createFoldConstantsPass(graph::WeightTable* weights);

}  // namespace mlc::transforms
