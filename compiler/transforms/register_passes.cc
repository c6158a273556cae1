#include "compiler/transforms/passes.h"
#include "mlir/Pass/PassRegistry.h"

namespace mlc::transforms {

void registerPasses(graph::WeightTable* weights) {
  mlir::registerPass([] { return createSimplifyPass(); });
  mlir::registerPass([weights] { return createFoldConstantsPass(weights); });
  mlir::registerPass([weights] { return createIntegerContractionsPass(weights); });
  mlir::registerPass([] { return createDecomposeQuantizationPass(); });
  mlir::registerPass([] { return createRecognizeCompositesPass(); });
  mlir::registerPass([weights] { return createSplitFusedProjectionsPass(weights); });
  mlir::registerPass([] { return createKeepStatesPass(); });
  mlir::registerPass([] { return createOutlineRepeatedBlocksPass(); });
}

}  // namespace mlc::transforms
