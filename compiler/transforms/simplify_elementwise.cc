#include <cmath>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/constant_match.h"
#include "compiler/transforms/simplify.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// op(x, c) or op(c, x) = x for a neutral constant c. Of floats, the neutral element of sums is -0
// (0 would turn -0 into 0), that of differences 0.
template <typename OpType>
struct RemoveNeutralOperand : OpRewritePattern<OpType> {
  RemoveNeutralOperand(MLIRContext* context, double neutral, bool eitherSide)
      : OpRewritePattern<OpType>(context), neutral_(neutral), eitherSide_(eitherSide) {}

  LogicalResult matchAndRewrite(OpType op, PatternRewriter& rewriter) const override {
    for (bool swapped : {false, true}) {
      if (swapped && !eitherSide_) continue;
      Value kept = swapped ? op.getRhs() : op.getLhs(),
            constant = swapped ? op.getLhs() : op.getRhs();
      if (kept.getType() != op.getType() || !isNeutral(constant, op.getType())) continue;
      rewriter.replaceOp(op, kept);
      return success();
    }
    return failure();
  }

 private:
  bool isNeutral(Value constant, RankedTensorType type) const {
    std::optional<double> number = splatOf(constant);
    if (!number || *number != neutral_) return false;
    return !isa<FloatType>(type.getElementType()) ||
           std::signbit(*number) == std::signbit(neutral_);
  }

  double neutral_;
  bool eitherSide_;
};

// f(f(x)) = x.
template <typename OpType>
struct RemoveInvolution : OpRewritePattern<OpType> {
  using OpRewritePattern<OpType>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpType op, PatternRewriter& rewriter) const override {
    auto inner = op.getInput().template getDefiningOp<OpType>();
    if (!inner) return failure();
    rewriter.replaceOp(op, inner.getInput());
    return success();
  }
};

Value scalar(PatternRewriter& rewriter, Location location, Type elementType, double value) {
  auto type = RankedTensorType::get({}, elementType);
  return ConstantOp::create(
      rewriter, location, DenseElementsAttr::get(type, rewriter.getFloatAttr(elementType, value)));
}

// x / c = x * (1 / c) where c is a power of two, so that the quotients are equal.
struct DivideByPowerOfTwo : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter& rewriter) const override {
    Type elementType = op.getType().getElementType();
    std::optional<double> divisor = splatOf(op.getRhs());
    int exponent;
    if (!divisor || !isa<FloatType>(elementType) ||
        std::abs(std::frexp(*divisor, &exponent)) != 0.5 || std::abs(exponent) > 10 ||
        op.getLhs().getType() != op.getType()) {
      return failure();
    }
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(),
                                       scalar(rewriter, op.getLoc(), elementType, 1 / *divisor));
    return success();
  }
};

// x ^ 2 = x * x, x ^ 1 = x, x ^ -1 = 1 / x. Not x ^ 0.5 = sqrt(x): -0 and -infinity differ.
struct SimplifyPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter& rewriter) const override {
    Value base = op.getLhs();
    std::optional<double> exponent = splatOf(op.getRhs());
    if (!exponent || base.getType() != op.getType()) return failure();
    bool isFloat = isa<FloatType>(op.getType().getElementType());
    if (*exponent == 1) {
      rewriter.replaceOp(op, base);
    } else if (*exponent == 2) {
      rewriter.replaceOpWithNewOp<MulOp>(op, base, base);
    } else if (*exponent == -1 && isFloat) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, base);
    } else {
      return failure();
    }
    return success();
  }
};

// 1 / x is a reciprocal.
struct DivideOne : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter& rewriter) const override {
    if (!isSplat(op.getLhs(), 1) || op.getRhs().getType() != op.getType() ||
        !isa<FloatType>(op.getType().getElementType())) {
      return failure();
    }
    rewriter.replaceOpWithNewOp<ReciprocalOp>(op, op.getRhs());
    return success();
  }
};

struct SelectByConstant : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SelectOp op, PatternRewriter& rewriter) const override {
    std::optional<double> condition = splatOf(op.getCondition());
    Value chosen = condition.value_or(0) != 0 ? op.getOnTrue() : op.getOnFalse();
    if (op.getOnTrue() == op.getOnFalse()) {
      chosen = op.getOnTrue();
    } else if (!condition) {
      return failure();
    }
    if (chosen.getType() == op.getType()) {
      rewriter.replaceOp(op, chosen);
    } else {
      rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), chosen);
    }
    return success();
  }
};

// Whether every value of one element type is one of the other.
bool isExactIn(Type from, Type to) {
  if (from == to || from.isInteger(1)) return true;
  if (auto a = dyn_cast<FloatType>(from), b = dyn_cast<FloatType>(to); a && b) {
    return llvm::APFloat::isRepresentableBy(a.getFloatSemantics(), b.getFloatSemantics());
  }
  if (auto a = dyn_cast<IntegerType>(from), b = dyn_cast<IntegerType>(to); a && b) {
    return a.getWidth() < b.getWidth() && (a.isUnsigned() || !b.isUnsigned());
  }
  return false;
}

struct SimplifyCast : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op, PatternRewriter& rewriter) const override {
    if (op.getInput().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    auto inner = op.getInput().getDefiningOp<CastOp>();
    if (!inner ||
        !isExactIn(inner.getInput().getType().getElementType(), inner.getType().getElementType())) {
      return failure();
    }
    rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), inner.getInput(), op.getSaturate(),
                                        op.getRounding());
    return success();
  }
};

struct SizeOfConstant : OpRewritePattern<SizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SizeOp op, PatternRewriter& rewriter) const override {
    std::optional<int64_t> size = exprsOf(op.getExpr())[0].constant();
    if (!size) return failure();
    rewriter.replaceOpWithNewOp<ConstantOp>(
        op, DenseElementsAttr::get(op.getType(), rewriter.getI64IntegerAttr(*size)));
    return success();
  }
};

// An elementwise op broadcasts by itself.
struct RemoveBroadcastOperand : RewritePattern {
  explicit RemoveBroadcastOperand(MLIRContext* context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation* op, PatternRewriter& rewriter) const override {
    if (!op->hasTrait<Elementwise>() || op->getNumOperands() < 2) return failure();
    for (OpOperand& operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<BroadcastOp>();
      if (!broadcast) continue;
      Shape shape = shapeOf(broadcast.getInput());
      bool fits = true;
      for (OpOperand& other : op->getOpOperands()) {
        if (&other == &operand) continue;
        StatusOr<Shape> both = broadcastShapes(shape, shapeOf(other.get()));
        fits &= both.ok();
        if (both.ok()) shape = *both;
      }
      if (!fits || shape != shapeOf(op->getResult(0))) continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getInput()); });
      return success();
    }
    return failure();
  }
};

// f(broadcast(x), scalars) = broadcast(f(x, scalars)): computes each element once.
struct BroadcastAfterElementwise : RewritePattern {
  explicit BroadcastAfterElementwise(MLIRContext* context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation* op, PatternRewriter& rewriter) const override {
    if (!op->hasTrait<Elementwise>()) return failure();
    OpOperand* stretched = nullptr;
    for (OpOperand& operand : op->getOpOperands()) {
      if (cast<RankedTensorType>(operand.get().getType()).getRank() == 0) continue;
      if (stretched || !operand.get().getDefiningOp<BroadcastOp>()) return failure();
      stretched = &operand;
    }
    auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
    if (!stretched || shapeOf(stretched->get()) != shapeOf(resultType)) return failure();
    IRMapping mapping;
    mapping.map(stretched->get(), stretched->get().getDefiningOp<BroadcastOp>().getInput());
    Operation* small = rewriter.clone(*op, mapping);
    Type smallType = tensorType(shapeOf(small->getOperand(stretched->getOperandNumber())),
                                resultType.getElementType());
    rewriter.modifyOpInPlace(
        small, [&] { small->getResult(0).setType(cast<RankedTensorType>(smallType)); });
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, resultType, small->getResult(0));
    return success();
  }
};

// f(reshape(x), bias) = reshape(f(x, bias)): reshapes meet and vanish. The bias lies along dims
// that the reshape keeps; several operands may be reshaped alike.
struct ReshapeAfterElementwise : RewritePattern {
  explicit ReshapeAfterElementwise(MLIRContext* context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation* op, PatternRewriter& rewriter) const override {
    if (!op->hasTrait<Elementwise>()) return failure();
    auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
    Shape after = shapeOf(resultType);
    std::optional<Shape> before;
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      auto reshape = operand.getDefiningOp<ReshapeOp>();
      if (!reshape || shapeOf(operand) != after) continue;
      Shape shape = shapeOf(reshape.getInput());
      if (before && *before != shape) return failure();
      before = shape;
      mapping.map(operand, reshape.getInput());
    }
    if (!before) return failure();
    for (Value operand : op->getOperands()) {
      if (mapping.contains(operand)) continue;
      size_t rank = shapeOf(operand).size();
      bool isKept = rank <= before->size() && rank < after.size() &&
                    ArrayRef(*before).take_back(rank) == ArrayRef(after).take_back(rank);
      if (!isKept) return failure();
    }
    Operation* moved = rewriter.clone(*op, mapping);
    rewriter.modifyOpInPlace(moved, [&] {
      moved->getResult(0).setType(tensorType(*before, resultType.getElementType()));
    });
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, resultType, moved->getResult(0));
    return success();
  }
};

}  // namespace

void populateElementwisePatterns(RewritePatternSet& patterns) {
  MLIRContext* context = patterns.getContext();
  patterns.add<RemoveNeutralOperand<AddOp>>(context, -0.0, true);
  patterns.add<RemoveNeutralOperand<SubOp>>(context, 0.0, false);
  patterns.add<RemoveNeutralOperand<MulOp>>(context, 1.0, true);
  patterns.add<RemoveNeutralOperand<DivOp>>(context, 1.0, false);
  patterns.add<RemoveInvolution<NegOp>, RemoveInvolution<NotOp>, DivideByPowerOfTwo, SimplifyPower,
               DivideOne, SelectByConstant, SimplifyCast, SizeOfConstant, RemoveBroadcastOperand,
               BroadcastAfterElementwise, ReshapeAfterElementwise>(context);
}

}  // namespace mlc::transforms
