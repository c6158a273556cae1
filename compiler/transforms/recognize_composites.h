// Finds composites in the elementwise ops, reductions and contractions that exporters write for
// them.
//
//   %0 = graph.contract %q, %k {equation = "bhsd,bhtd->bhst"}
//   %1 = graph.mul %0, 0.125
//   %2 = graph.add %1, %mask
//   %3 = graph.softmax %2 {axis = 3}
//   %4 = graph.contract %3, %v {equation = "bhst,bhtd->bhsd"}
//
// becomes
//
//   %4 = graph.attention %q, %k, %v, %mask {scale = 0.125}
//
// Recognized: sigmoid, gelu (erf and tanh forms), silu, softmax, layer_norm, rms_norm, attention
// (grouped heads included), rotary_embedding. A composite is what its parts compute, for special
// values too, without the rounding of what lies between them (docs/architecture.md, Arithmetic);
// constants are the formula's, rounded to their type. Wants simplified modules with transposes
// folded into equations.
#pragma once

#include <memory>

#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

std::unique_ptr<mlir::Pass> createRecognizeCompositesPass();

// The patterns of the pass, by family.
void populateActivationPatterns(mlir::RewritePatternSet& patterns);
void populateNormPatterns(mlir::RewritePatternSet& patterns);
void populateAttentionPatterns(mlir::RewritePatternSet& patterns);
void populateRotaryPatterns(mlir::RewritePatternSet& patterns);

}  // namespace mlc::transforms
