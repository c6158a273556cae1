#include "compiler/transforms/optimize.h"

#include "compiler/transforms/decompose_quantization.h"
#include "compiler/transforms/fold_constants.h"
#include "compiler/transforms/integer_contractions.h"
#include "compiler/transforms/keep_states.h"
#include "compiler/transforms/outline_repeated_blocks.h"
#include "compiler/transforms/recognize_composites.h"
#include "compiler/transforms/simplify.h"
#include "compiler/transforms/split_fused_projections.h"
#include "mlir/Transforms/Passes.h"

namespace mlc::transforms {

void addOptimizePasses(mlir::OpPassManager& passes, graph::WeightTable* weights, bool keepStates) {
  // Simplifying comes first: a transposed weight is to be an equation's letters, not a copy.
  auto tidy = [&] {
    passes.addPass(createSimplifyPass());
    passes.addPass(createFoldConstantsPass(weights));
    passes.addPass(createSimplifyPass());
    passes.addPass(mlir::createCSEPass());
  };
  passes.addPass(createSimplifyPass());
  // Before small weights are dequantized by folding.
  passes.addPass(createIntegerContractionsPass(weights));
  passes.addPass(createDecomposeQuantizationPass());
  tidy();
  passes.addPass(createRecognizeCompositesPass());
  tidy();
  passes.addPass(createSplitFusedProjectionsPass(weights));
  tidy();
  if (keepStates) {
    // Where attention is recognized, so that it reads the state.
    passes.addPass(createKeepStatesPass());
    tidy();
  }
  passes.addPass(createOutlineRepeatedBlocksPass());
}

}  // namespace mlc::transforms
