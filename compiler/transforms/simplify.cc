#include "compiler/transforms/simplify.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace mlc::transforms {
namespace {

class Simplify : public PassWrapper<Simplify, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Simplify)
  StringRef getArgument() const override { return "simplify"; }
  StringRef getDescription() const override { return "Rewrites ops into fewer or simpler ones"; }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<graph::GraphDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateElementwisePatterns(patterns);
    populateMovementPatterns(patterns);
    populateContractPatterns(patterns);
    populateWindowPatterns(patterns);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<Pass> createSimplifyPass() { return std::make_unique<Simplify>(); }

}  // namespace mlc::transforms
