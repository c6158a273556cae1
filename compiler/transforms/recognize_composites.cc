#include "compiler/transforms/recognize_composites.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace mlc::transforms {
namespace {

class RecognizeComposites : public PassWrapper<RecognizeComposites, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RecognizeComposites)
  StringRef getArgument() const override { return "recognize-composites"; }
  StringRef getDescription() const override {
    return "Finds softmax, norms, attention and the like in their parts";
  }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<graph::GraphDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateActivationPatterns(patterns);
    populateNormPatterns(patterns);
    populateAttentionPatterns(patterns);
    populateRotaryPatterns(patterns);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<Pass> createRecognizeCompositesPass() {
  return std::make_unique<RecognizeComposites>();
}

}  // namespace mlc::transforms
