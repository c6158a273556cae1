// Softmax, layer_norm and rms_norm: quotients by a reduction along the last dims.
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/product_match.h"
#include "compiler/transforms/recognize_composites.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// A reduction that keeps its dims, if `value` is one of this kind, of `input`.
ReduceOp reductionOf(Value value, ReduceKind kind, Value input) {
  auto reduce = value.getDefiningOp<ReduceOp>();
  bool matches =
      reduce && reduce.getKind() == kind && reduce.getKeepDims() && reduce.getInput() == input;
  return matches ? reduce : ReduceOp();
}

// dividend and divisor of value = a / b or a * (1 / b).
std::pair<Value, Value> quotientOf(Operation* op) {
  if (auto div = dyn_cast<DivOp>(op)) return {div.getLhs(), div.getRhs()};
  for (unsigned i : {0u, 1u}) {
    if (auto reciprocal = op->getOperand(i).getDefiningOp<ReciprocalOp>()) {
      return {op->getOperand(1 - i), reciprocal.getInput()};
    }
  }
  return {};
}

// exp(x - max(x)) / sum(exp(x - max(x))). Without the maximum it overflows where a softmax does
// not.
template <typename OpType>
struct SoftmaxFromQuotient : OpRewritePattern<OpType> {
  using OpRewritePattern<OpType>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpType op, PatternRewriter& rewriter) const override {
    auto [dividend, divisor] = quotientOf(op);
    auto exp = dividend ? dividend.template getDefiningOp<ExpOp>() : ExpOp();
    ReduceOp sum = exp ? reductionOf(divisor, ReduceKind::sum, exp.getResult()) : ReduceOp();
    if (!sum || sum.getAxes().size() != 1) return failure();
    auto sub = exp.getInput().template getDefiningOp<SubOp>();
    ReduceOp max = sub ? reductionOf(sub.getRhs(), ReduceKind::max, sub.getLhs()) : ReduceOp();
    if (!max || max.getAxes() != sum.getAxes()) return failure();
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, sub.getLhs(), sum.getAxes()[0], false);
    return success();
  }
};

// value / sqrt(radicand), also as value * rsqrt(radicand), and with radicand ^ 0.5 for the root,
// which is the same for the radicands of norms: they are not negative.
struct RootQuotient {
  Value value, radicand;
};

SmallVector<RootQuotient> rootQuotientsOf(Operation* op) {
  SmallVector<RootQuotient> found;
  auto [dividend, divisor] = quotientOf(op);
  if (dividend) {
    if (auto sqrt = divisor.getDefiningOp<SqrtOp>()) found.push_back({dividend, sqrt.getInput()});
    if (auto pow = divisor.getDefiningOp<PowOp>(); pow && isSplat(pow.getRhs(), 0.5))
      found.push_back({dividend, pow.getLhs()});
  }
  if (!isa<MulOp>(op)) return found;
  for (unsigned i : {0u, 1u}) {
    if (auto rsqrt = op->getOperand(i).getDefiningOp<RsqrtOp>())
      found.push_back({op->getOperand(1 - i), rsqrt.getInput()});
    if (auto pow = op->getOperand(i).getDefiningOp<PowOp>(); pow && isSplat(pow.getRhs(), -0.5))
      found.push_back({op->getOperand(1 - i), pow.getLhs()});
  }
  return found;
}

// The mean of squares in radicand = mean(value^2) + epsilon, along the last dims.
struct MeanOfSquares {
  ReduceOp mean;
  double epsilon = 0;
};

std::optional<MeanOfSquares> meanOfSquares(Value radicand, Value value) {
  auto add = radicand.getDefiningOp<AddOp>();
  if (!add) return std::nullopt;
  for (auto [sum, number] :
       {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
    auto mean = sum.getDefiningOp<ReduceOp>();
    std::optional<double> epsilon = splatOf(number);
    if (!mean || !epsilon || !(*epsilon >= 0) || mean.getKind() != ReduceKind::mean ||
        !mean.getKeepDims())
      continue;
    if (!productOf(mean.getInput(), value).is(1, {value, value})) continue;
    int64_t rank = cast<RankedTensorType>(value.getType()).getRank(), count = mean.getAxes().size();
    if (count == 0 || mean.getAxes().front() != rank - count) continue;
    return MeanOfSquares{mean, *epsilon};
  }
  return std::nullopt;
}

// The input that `value` is the difference to its own mean along these dims of.
Value centeredInput(Value value, ArrayRef<int64_t> axes) {
  auto sub = value.getDefiningOp<SubOp>();
  ReduceOp mean = sub ? reductionOf(sub.getRhs(), ReduceKind::mean, sub.getLhs()) : ReduceOp();
  return mean && mean.getAxes() == axes ? sub.getLhs() : Value();
}

// (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) is a layer_norm and x / sqrt(mean(x^2) +
// epsilon) an rms_norm, both of scale 1.
template <typename OpType>
struct NormFromQuotient : OpRewritePattern<OpType> {
  using OpRewritePattern<OpType>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpType op, PatternRewriter& rewriter) const override {
    for (const RootQuotient& quotient : rootQuotientsOf(op)) {
      std::optional<MeanOfSquares> squares = meanOfSquares(quotient.radicand, quotient.value);
      if (!squares || quotient.value.getType() != op.getType()) continue;
      auto type = RankedTensorType::get({1}, op.getType().getElementType());
      Attribute one = rewriter.getFloatAttr(type.getElementType(), 1.0);
      Value scale = ConstantOp::create(rewriter, op.getLoc(), DenseElementsAttr::get(type, one));
      int64_t axis = squares->mean.getAxes().front();
      if (Value x = centeredInput(quotient.value, squares->mean.getAxes())) {
        rewriter.replaceOpWithNewOp<LayerNormOp>(op, x, scale, Value(), axis,
                                                 APFloat(squares->epsilon));
      } else {
        rewriter.replaceOpWithNewOp<RmsNormOp>(op, quotient.value, scale, axis,
                                               APFloat(squares->epsilon));
      }
      return success();
    }
    return failure();
  }
};

// A value that lies along the normalized dims alone, without leading dims of size 1; null if it
// does not.
Value alongNormalizedDims(Value value, Value input, int64_t axis, PatternRewriter& rewriter) {
  Shape shape = shapeOf(value), normalized = shapeOf(input);
  normalized.erase(normalized.begin(), normalized.begin() + axis);
  Shape own = shape;
  while (own.size() > normalized.size()) {
    if (own.front().constant() != 1) return {};
    own.erase(own.begin());
  }
  for (auto [dim, to] : llvm::zip(own, ArrayRef(normalized).take_back(own.size()))) {
    if (dim.constant() != 1 && !(dim == to)) return {};
  }
  if (own.size() == shape.size()) return value;
  Type elementType = cast<RankedTensorType>(value.getType()).getElementType();
  return ReshapeOp::create(rewriter, value.getLoc(), tensorType(own, elementType), value);
}

// norm(x, scale 1) * s = norm(x, scale s).
template <typename NormOp>
struct ScaleIntoNorm : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter& rewriter) const override {
    for (auto [value, factor] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = value.getDefiningOp<NormOp>();
      if (!norm || !norm->hasOneUse() || norm.getType() != op.getType() ||
          !isSplat(norm.getScale(), 1) || hasBias(norm) || !isWeightOrConstant(factor)) {
        continue;
      }
      Value scale = alongNormalizedDims(factor, norm.getInput(), norm.getAxis(), rewriter);
      if (!scale) continue;
      rewriter.modifyOpInPlace(norm, [&] { norm.getScaleMutable().assign(scale); });
      rewriter.moveOpBefore(norm, op);
      rewriter.replaceOp(op, norm.getResult());
      return success();
    }
    return failure();
  }

 private:
  static bool hasBias(LayerNormOp norm) { return static_cast<bool>(norm.getBias()); }
  static bool hasBias(RmsNormOp) { return false; }
};

// layer_norm(x, s) + b = layer_norm(x, s, b).
struct BiasIntoNorm : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter& rewriter) const override {
    for (auto [value, summand] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = value.getDefiningOp<LayerNormOp>();
      if (!norm || !norm->hasOneUse() || norm.getBias() || norm.getType() != op.getType() ||
          !isWeightOrConstant(summand)) {
        continue;
      }
      Value bias = alongNormalizedDims(summand, norm.getInput(), norm.getAxis(), rewriter);
      if (!bias) continue;
      rewriter.replaceOpWithNewOp<LayerNormOp>(op, norm.getInput(), norm.getScale(), bias,
                                               norm.getAxis(), norm.getEpsilon());
      return success();
    }
    return failure();
  }
};

}  // namespace

void populateNormPatterns(RewritePatternSet& patterns) {
  patterns.add<SoftmaxFromQuotient<DivOp>, SoftmaxFromQuotient<MulOp>, NormFromQuotient<DivOp>,
               NormFromQuotient<MulOp>, ScaleIntoNorm<LayerNormOp>, ScaleIntoNorm<RmsNormOp>,
               BiasIntoNorm>(patterns.getContext());
}

}  // namespace mlc::transforms
