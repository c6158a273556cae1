// Swaps the sides of contractions whose left side is a weight and whose right side is not.
//
//   %0 = graph.contract %w, %x {equation = "nk,mk->nm"}
//     ==>
//   %0 = graph.contract %x, %w {equation = "mk,nk->nm"}
//
// A weight on the right side can arrive packed (packed_weights.h). A block's argument counts as a
// weight if every call passes one, and so does what is dequantized from blocks of one.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createMoveWeightsRightPass();

}  // namespace mlc::conversion
