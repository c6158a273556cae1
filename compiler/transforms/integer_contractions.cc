#include "compiler/transforms/integer_contractions.h"

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/integer_terms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

class ContractStoredValues : public OpRewritePattern<ContractOp> {
 public:
  ContractStoredValues(MLIRContext* context, const WeightTable* weights)
      : OpRewritePattern(context), weights_(weights) {}

  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter& rewriter) const override {
    ContractEquation equation = *ContractEquation::parse(op.getEquation());
    std::optional<IntegerSide> lhs =
                                   IntegerSide::of(op.getLhs(), equation.lhs, equation, *weights_),
                               rhs =
                                   IntegerSide::of(op.getRhs(), equation.rhs, equation, *weights_);
    std::optional<int64_t> depth = depthOf(op, equation);
    if (!lhs || !rhs || !depth || !sumsFit(*lhs, *rhs, *depth)) return failure();

    IntegerTerms terms(rewriter, op.getLoc(), equation);
    Value sums = ContractOp::create(rewriter, op.getLoc(), lhs->stored(), rhs->stored(),
                                    op.getEquationAttr());
    auto correct = [&](IntegerSide& zero, IntegerSide& summed) {
      if (!zero.hasZeroPoint) return;
      Value zeroPoint = terms.zeroPoint(zero), sum = terms.sum(summed);
      sums = terms.binary<SubOp>(sums, terms.binary<MulOp>(zeroPoint, sum));
    };
    correct(*lhs, *rhs);
    correct(*rhs, *lhs);
    if (lhs->hasZeroPoint && rhs->hasZeroPoint) {
      Value left = terms.zeroPoint(*lhs), right = terms.zeroPoint(*rhs);
      Value product = terms.binary<MulOp>(left, right), count = terms.number(*depth);
      sums = terms.binary<AddOp>(sums, terms.binary<MulOp>(product, count));
    }
    Value real = terms.scaled(sums, *lhs, *rhs);
    rewriter.replaceOp(op, terms.cast(real, op.getType().getElementType()));
    return success();
  }

 private:
  // How many products each sum has; none if that is not known, or a dim is summed alone.
  static std::optional<int64_t> depthOf(ContractOp op, const ContractEquation& equation) {
    Shape lhs = shapeOf(op.getLhs()), rhs = shapeOf(op.getRhs());
    int64_t depth = 1;
    for (char letter : equation.letters()) {
      if (equation.inResult(letter)) continue;
      size_t inLhs = equation.lhs.find(letter), inRhs = equation.rhs.find(letter);
      if (inLhs == std::string::npos || inRhs == std::string::npos) return std::nullopt;
      std::optional<int64_t> size = lhs[inLhs].constant();
      if (!size) size = rhs[inRhs].constant();
      if (!size) return std::nullopt;
      depth *= *size;
    }
    return depth;
  }

  const WeightTable* weights_;
};

class IntegerContractions : public PassWrapper<IntegerContractions, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(IntegerContractions)
  explicit IntegerContractions(const WeightTable* weights) : weights_(weights) {}
  IntegerContractions(const IntegerContractions& other)
      : PassWrapper(other), weights_(other.weights_) {}
  StringRef getArgument() const override { return "integer-contractions"; }
  StringRef getDescription() const override {
    return "Computes products of quantized tensors in integers";
  }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<GraphDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ContractStoredValues>(&getContext(), weights_);
    populateIntegerConvolutionPatterns(patterns, weights_);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }

 private:
  const WeightTable* weights_;
};

}  // namespace

std::unique_ptr<Pass> createIntegerContractionsPass(const WeightTable* weights) {
  return std::make_unique<IntegerContractions>(weights);
}

}  // namespace mlc::transforms
