// Rewrites ops into fewer or simpler ones with the same meaning: identities, chains of movement
// ops, transposes into contractions.
//
//   %0 = graph.transpose %k {permutation = [0, 1, 3, 2]}
//   %1 = graph.contract %q, %0 {equation = "bhik,bhkj->bhij"}
//   %2 = graph.mul %1, 1.0
//
// becomes
//
//   %2 = graph.contract %q, %k {equation = "bhik,bhjk->bhij"}
//
// Results are the same bit for bit, except that factors and summands of a convolution with constant
// weights move into the weights and the bias.
#pragma once

#include <memory>

#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

std::unique_ptr<mlir::Pass> createSimplifyPass();

// The patterns of the pass, by what they simplify.
void populateElementwisePatterns(mlir::RewritePatternSet& patterns);
void populateMovementPatterns(mlir::RewritePatternSet& patterns);
void populateContractPatterns(mlir::RewritePatternSet& patterns);
void populateWindowPatterns(mlir::RewritePatternSet& patterns);

}  // namespace mlc::transforms
