#include <cmath>

#include "compiler/transforms/product_match.h"
#include "compiler/transforms/recognize_composites.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

bool isOne(Value value) { return isSplat(value, 1); }

// The first value in the tree of multiplications above `value` that satisfies the predicate.
Value findFactor(Value value, llvm::function_ref<bool(Value)> predicate, int depth = 3) {
  if (predicate(value)) return value;
  auto mul = value.getDefiningOp<MulOp>();
  if (!mul || depth == 0) return {};
  Value found = findFactor(mul.getLhs(), predicate, depth - 1);
  return found ? found : findFactor(mul.getRhs(), predicate, depth - 1);
}

// f of value = 1 + f(...).
template <typename OpType>
OpType onePlus(Value value) {
  Value other = operandBeside<AddOp>(value, isOne);
  return other ? other.getDefiningOp<OpType>() : OpType();
}

// 0.5 * x * (1 + erf(x / sqrt(2))).
struct GeluFromErf : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter& rewriter) const override {
    Value sum =
        findFactor(op, [](Value value) { return static_cast<bool>(onePlus<ErfOp>(value)); });
    if (!sum) return failure();
    Scaled scaled = scaledValue(onePlus<ErfOp>(sum).getInput());
    // x may itself be scaled: take off only the scale of the formula.
    for (Value x = onePlus<ErfOp>(sum).getInput(); x; x = oneScaleLess(x)) {
      bool isFormula = productOf(onePlus<ErfOp>(sum).getInput(), x).is(M_SQRT1_2, x) &&
                       productOf(op, {x, sum}).is(0.5, {x, sum}) && x.getType() == op.getType();
      if (isFormula) {
        rewriter.replaceOpWithNewOp<GeluOp>(op, x, false);
        return success();
      }
      if (x == scaled.value) break;
    }
    return failure();
  }

 private:
  static Value oneScaleLess(Value value) {
    Operation* op = value.getDefiningOp();
    if (!op || !isa<MulOp, DivOp>(op)) return {};
    if (splatOf(op->getOperand(1))) return op->getOperand(0);
    return isa<MulOp>(op) && splatOf(op->getOperand(0)) ? op->getOperand(1) : Value();
  }
};

// 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))), the inner sum also as x * (1 +
// 0.044715 * x^2).
struct GeluFromTanh : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter& rewriter) const override {
    Value sum =
        findFactor(op, [](Value value) { return static_cast<bool>(onePlus<TanhOp>(value)); });
    if (!sum) return failure();
    Value inner = onePlus<TanhOp>(sum).getInput();
    // Candidates for x: whatever the inner product and its sum are made of.
    SmallVector<Value> candidates;
    for (Value factor : productOf(inner, {}).factors) {
      candidates.push_back(factor);
      if (auto add = factor.getDefiningOp<AddOp>())
        llvm::append_range(candidates, add.getOperands());
    }
    for (Value x : candidates) {
      if (!isArgument(inner, x) || !productOf(op, {x, sum}).is(0.5, {x, sum}) ||
          x.getType() != op.getType())
        continue;
      rewriter.replaceOpWithNewOp<GeluOp>(op, x, true);
      return success();
    }
    return failure();
  }

 private:
  static bool isArgument(Value inner, Value x) {
    constexpr double kScale = 0.7978845608028654;  // sqrt(2 / pi)
    constexpr double kCubic = 0.044715;
    Product product = productOf(inner, x);
    for (Value factor : product.factors) {
      Value cubed = operandBeside<AddOp>(factor, [&](Value value) { return value == x; });
      if (cubed && product.is(kScale, factor) && productOf(cubed, x).is(kCubic, {x, x, x}))
        return true;
      Value squared = operandBeside<AddOp>(factor, isOne);
      if (squared && product.is(kScale, {x, factor}) && productOf(squared, x).is(kCubic, {x, x}))
        return true;
    }
    return false;
  }
};

// x * sigmoid(x).
struct SiluFromProduct : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter& rewriter) const override {
    for (auto [x, other] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto sigmoid = other.getDefiningOp<SigmoidOp>();
      if (!sigmoid || sigmoid.getInput() != x) continue;
      rewriter.replaceOpWithNewOp<SiluOp>(op, x);
      return success();
    }
    return failure();
  }
};

// x of value = 1 + exp(-x).
Value logisticArgument(Value value) {
  auto exp = onePlus<ExpOp>(value);
  auto neg = exp ? exp.getInput().getDefiningOp<NegOp>() : NegOp();
  return neg ? neg.getInput() : Value();
}

struct SigmoidFromReciprocal : OpRewritePattern<ReciprocalOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReciprocalOp op, PatternRewriter& rewriter) const override {
    Value x = logisticArgument(op.getInput());
    if (!x || x.getType() != op.getType()) return failure();
    rewriter.replaceOpWithNewOp<SigmoidOp>(op, x);
    return success();
  }
};

// x / (1 + exp(-x)) is a silu. Other dividends stay: a sigmoid would round their small quotients.
struct SiluFromQuotient : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter& rewriter) const override {
    Value x = logisticArgument(op.getRhs());
    if (!x || x != op.getLhs() || x.getType() != op.getType()) return failure();
    rewriter.replaceOpWithNewOp<SiluOp>(op, x);
    return success();
  }
};

}  // namespace

void populateActivationPatterns(RewritePatternSet& patterns) {
  patterns.add<GeluFromErf, GeluFromTanh, SiluFromProduct, SigmoidFromReciprocal, SiluFromQuotient>(
      patterns.getContext());
}

}  // namespace mlc::transforms
