#include "compiler/transforms/decompose_quantization.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/constant_match.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

Value castTo(PatternRewriter& rewriter, Location location, Value value, Type element) {
  if (elementOf(value) == element) return value;
  return CastOp::create(rewriter, location, tensorType(shapeOf(value), element), value);
}

// A scalar, or a vector along `axis` of a tensor of this rank, so that it broadcasts to the tensor.
Value alongAxis(PatternRewriter& rewriter, Location location, Value value, int64_t axis,
                int64_t rank) {
  Shape shape = shapeOf(value);
  if (shape.size() != 1) return value;
  shape.resize(axis < 0 ? -axis : rank - axis, DimExpr(1));
  if (shape.size() == 1) return value;
  return ReshapeOp::create(rewriter, location, tensorType(shape, elementOf(value)), value);
}

struct DecomposeQuantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter& rewriter) const override {
    if (op.getBlockSize() > 0) return failure();
    auto real = [&](Value value) {
      return castTo(rewriter, op.getLoc(), value, rewriter.getF32Type());
    };
    auto parameter = [&](Value value) {
      return alongAxis(rewriter, op.getLoc(), real(value), op.getAxis(),
                       shapeOf(op.getInput()).size());
    };
    Value input = real(op.getInput()), scale = parameter(op.getScale());
    Value quotient = DivOp::create(rewriter, op.getLoc(), input, scale);
    const bool floats = isa<FloatType>(op.getType().getElementType());
    Value number = floats ? quotient : Value(RoundOp::create(rewriter, op.getLoc(), quotient));
    if (!isSplat(op.getZeroPoint(), 0)) {
      number = AddOp::create(rewriter, op.getLoc(), number, parameter(op.getZeroPoint()));
    }
    rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), number, op.getSaturate());
    return success();
  }
};

struct DecomposeDequantize : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op, PatternRewriter& rewriter) const override {
    if (isWeightOrConstant(op.getInput()) || op.getBlockSize() > 0) return failure();
    auto parameter = [&](Value value, Type element) {
      return alongAxis(rewriter, op.getLoc(), castTo(rewriter, op.getLoc(), value, element),
                       op.getAxis(), shapeOf(op.getInput()).size());
    };
    Type real = rewriter.getF32Type();
    // Differences of small floats are made in f32, which has them all.
    Type integer = isa<FloatType>(elementOf(op.getInput())) ? real : rewriter.getI32Type();
    Value number = castTo(rewriter, op.getLoc(), op.getInput(), integer);
    if (!isSplat(op.getZeroPoint(), 0)) {
      number = SubOp::create(rewriter, op.getLoc(), number, parameter(op.getZeroPoint(), integer));
    }
    number = castTo(rewriter, op.getLoc(), number, real);
    number = MulOp::create(rewriter, op.getLoc(), number, parameter(op.getScale(), real));
    rewriter.replaceOp(op, castTo(rewriter, op.getLoc(), number, elementOf(op.getResult())));
    return success();
  }
};

class DecomposeQuantization : public PassWrapper<DecomposeQuantization, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DecomposeQuantization)
  StringRef getArgument() const override { return "decompose-quantization"; }
  StringRef getDescription() const override { return "Rewrites quantization as elementwise ops"; }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<GraphDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeQuantize, DecomposeDequantize>(&getContext());
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<Pass> createDecomposeQuantizationPass() {
  return std::make_unique<DecomposeQuantization>();
}

}  // namespace mlc::transforms
