#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/constant_match.h"
#include "compiler/transforms/simplify.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// Zeros around a convolution's input are its own padding.
struct FoldPadIntoConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter& rewriter) const override {
    auto pad = op.getInput().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::constant || !isSplat(pad.getValue(), 0)) return failure();
    ArrayRef<int64_t> low = pad.getLow(), high = pad.getHigh();
    if (low[0] || low[1] || high[0] || high[1]) return failure();
    SmallVector<int64_t> padsLow(op.getPadsLow()), padsHigh(op.getPadsHigh());
    for (size_t i = 0; i < padsLow.size(); ++i) {
      padsLow[i] += low[i + 2];
      padsHigh[i] += high[i + 2];
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(pad.getInput());
      op.setPadsLow(padsLow);
      op.setPadsHigh(padsHigh);
    });
    return success();
  }
};

// A value per output channel: shape [C, 1...] or [1, C, 1...] of a weight, aligned at the right
// under the convolution's result.
bool isPerChannel(Value value, const Shape& result) {
  if (!isWeightOrConstant(value)) return false;
  Shape shape = shapeOf(value);
  size_t offset = result.size() - shape.size();
  if (shape.size() > result.size() || offset > 1) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    DimExpr expected = offset + i == 1 ? result[1] : DimExpr(1);
    if (!(shape[i] == expected)) return false;
  }
  return true;
}

// The value of op's operand that is not `conv`, if it is one per output channel.
Value perChannelOperand(Operation* op, ConvOp conv) {
  if (!conv || !conv->hasOneUse() || !isWeightOrConstant(conv.getFilter())) return {};
  if (!isa<FloatType>(conv.getType().getElementType())) return {};
  if (conv.getBias() && !isWeightOrConstant(conv.getBias())) return {};
  Value other = op->getOperand(op->getOperand(0) == conv.getResult() ? 1 : 0);
  if (conv.getType() != op->getResult(0).getType() ||
      !isPerChannel(other, shapeOf(conv.getResult())))
    return {};
  return other;
}

ConvOp convOperand(Operation* op) {
  for (Value operand : op->getOperands()) {
    if (auto conv = operand.getDefiningOp<ConvOp>()) return conv;
  }
  return {};
}

Value reshaped(PatternRewriter& rewriter, Location location, Value value, ArrayRef<DimExpr> shape) {
  Type type = tensorType(shape, cast<RankedTensorType>(value.getType()).getElementType());
  return ReshapeOp::create(rewriter, location, type, value);
}

// conv(x, w, b) * s = conv(x, w * s, b * s), for a factor per output channel (an unfused batch
// normalisation). The products of weights are folded elsewhere.
struct FoldScaleIntoConv : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter& rewriter) const override {
    ConvOp conv = convOperand(op);
    Value scale = perChannelOperand(op, conv);
    if (!scale) return failure();
    Shape perFilter(shapeOf(conv.getFilter()).size(), DimExpr(1));
    perFilter[0] = shapeOf(conv.getFilter())[0];
    Location location = op.getLoc();
    Value filter = MulOp::create(rewriter, location, conv.getFilter(),
                                 reshaped(rewriter, location, scale, perFilter));
    Value bias = conv.getBias();
    if (bias)
      bias = MulOp::create(rewriter, location, bias,
                           reshaped(rewriter, location, scale, perFilter[0]));
    rewriter.replaceOpWithNewOp<ConvOp>(op, conv.getInput(), filter, bias, conv.getStrides(),
                                        conv.getPadsLow(), conv.getPadsHigh(), conv.getDilations(),
                                        conv.getGroups());
    return success();
  }
};

// conv(x, w, b) + c = conv(x, w, b + c), for a value per output channel.
struct FoldSumIntoConv : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter& rewriter) const override {
    ConvOp conv = convOperand(op);
    Value sum = perChannelOperand(op, conv);
    if (!sum) return failure();
    Location location = op.getLoc();
    Value bias = reshaped(rewriter, location, sum, shapeOf(conv.getFilter())[0]);
    if (conv.getBias()) bias = AddOp::create(rewriter, location, conv.getBias(), bias);
    rewriter.replaceOpWithNewOp<ConvOp>(op, conv.getInput(), conv.getFilter(), bias,
                                        conv.getStrides(), conv.getPadsLow(), conv.getPadsHigh(),
                                        conv.getDilations(), conv.getGroups());
    return success();
  }
};

}  // namespace

void populateWindowPatterns(RewritePatternSet& patterns) {
  patterns.add<FoldPadIntoConv, FoldScaleIntoConv, FoldSumIntoConv>(patterns.getContext());
}

}  // namespace mlc::transforms
