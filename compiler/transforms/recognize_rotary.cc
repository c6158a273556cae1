#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/product_match.h"
#include "compiler/transforms/recognize_composites.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

// The x that `value` is one half of, along its last dim.
Value halvedValue(Value value, bool secondHalf) {
  auto slice = value.getDefiningOp<SliceOp>();
  if (!slice || rankOf(value) == 0) return {};
  Shape whole = shapeOf(slice.getInput()), half = shapeOf(value),
        starts = exprsOf(slice.getStarts());
  std::optional<int64_t> depth = whole.back().constant();
  if (!depth || *depth % 2 != 0 || half.back().constant() != *depth / 2) return {};
  for (size_t i = 0; i < whole.size(); ++i) {
    bool isLast = i + 1 == whole.size();
    int64_t expected = isLast && secondHalf ? *depth / 2 : 0;
    if (slice.getSteps()[i] != 1 || starts[i].constant() != expected) return {};
    if (!isLast && !(whole[i] == half[i])) return {};
  }
  return slice.getInput();
}

// The x of value = concat(-x2, x1) of x's halves.
Value rotatedHalves(Value value) {
  auto concat = value.getDefiningOp<ConcatOp>();
  if (!concat || concat.getInputs().size() != 2 ||
      static_cast<int64_t>(concat.getAxis()) != rankOf(value) - 1)
    return {};
  auto neg = concat.getInputs()[0].getDefiningOp<NegOp>();
  Value second = neg ? halvedValue(neg.getInput(), true) : Value();
  Value first = halvedValue(concat.getInputs()[1], false);
  return first && first == second ? first : Value();
}

// The operand that a product or quotient scales by a number, of the result's type; null if there is
// none.
Value scaledOperand(Operation* op) {
  for (unsigned i : {0u, 1u}) {
    bool isScaled =
        op->getOperand(i).getType() == op->getResult(0).getType() && splatOf(op->getOperand(1 - i));
    if (isScaled) return op->getOperand(i);
    if (isa<DivOp>(op)) break;
  }
  return {};
}

// Whether the halves of the last dim are equal: the value is made of concat(f, f) by ops that treat
// elements alike.
bool hasEqualHalves(Value value) {
  Operation* op = value.getDefiningOp();
  if (!op || rankOf(value) == 0) return false;
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    bool isTwice = concat.getInputs().size() == 2 && concat.getInputs()[0] == concat.getInputs()[1];
    return isTwice && static_cast<int64_t>(concat.getAxis()) == rankOf(value) - 1;
  }
  if (isa<MulOp, DivOp>(op)) {
    Value scaled = scaledOperand(op);
    return scaled && hasEqualHalves(scaled);
  }
  if (!isa<CosOp, SinOp, CastOp, ReshapeOp>(op)) return false;
  Value input = op->getOperand(0);
  return rankOf(input) != 0 && shapeOf(input).back() == shapeOf(value).back() &&
         hasEqualHalves(input);
}

// The first half of such a value, made from f alone.
Value firstHalf(Value value, PatternRewriter& rewriter) {
  Operation* op = value.getDefiningOp();
  if (auto concat = dyn_cast<ConcatOp>(op)) return concat.getInputs()[0];
  Type elementType = cast<RankedTensorType>(value.getType()).getElementType();
  if (isa<MulOp, DivOp>(op)) {
    bool scaledIsLhs = scaledOperand(op) == op->getOperand(0);
    auto factor = DenseElementsAttr::get(
        RankedTensorType::get({}, elementType),
        rewriter.getFloatAttr(elementType, *splatOf(op->getOperand(scaledIsLhs ? 1 : 0))));
    Value number = ConstantOp::create(rewriter, op->getLoc(), factor);
    Value half = firstHalf(scaledOperand(op), rewriter);
    if (isa<DivOp>(op)) return DivOp::create(rewriter, op->getLoc(), half, number);
    return MulOp::create(rewriter, op->getLoc(), half, number);
  }
  Value half = firstHalf(op->getOperand(0), rewriter);
  Shape shape = shapeOf(value);
  shape.back() = shapeOf(half).back();
  OperationState state(op->getLoc(), op->getName(), half, tensorType(shape, elementType), {});
  return rewriter.create(state)->getResult(0);
}

// x * cos + rotated(x) * sin, with cos and sin for both halves.
struct RotaryFromSum : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter& rewriter) const override {
    for (auto [left, right] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto straight = left.getDefiningOp<MulOp>(), rotated = right.getDefiningOp<MulOp>();
      if (!straight || !rotated) return failure();
      auto isRotated = [](Value value) { return static_cast<bool>(rotatedHalves(value)); };
      Value sin = operandBeside<MulOp>(right, isRotated);
      if (!sin) continue;
      Value x = rotatedHalves(rotated.getLhs() == sin ? rotated.getRhs() : rotated.getLhs());
      Value cos = operandBeside<MulOp>(left, [&](Value value) { return value == x; });
      if (!cos || x.getType() != op.getType()) continue;
      if (!hasEqualHalves(cos) || !hasEqualHalves(sin)) continue;
      rewriter.replaceOpWithNewOp<RotaryEmbeddingOp>(op, x, firstHalf(cos, rewriter),
                                                     firstHalf(sin, rewriter), false);
      return success();
    }
    return failure();
  }
};

// concat(x1 * cos - x2 * sin, x2 * cos + x1 * sin) of x's halves.
struct RotaryFromHalves : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter& rewriter) const override {
    if (op.getInputs().size() != 2 ||
        static_cast<int64_t>(op.getAxis()) != op.getType().getRank() - 1)
      return failure();
    auto sub = op.getInputs()[0].getDefiningOp<SubOp>();
    auto add = op.getInputs()[1].getDefiningOp<AddOp>();
    if (!sub || !add) return failure();
    auto isFirst = [](Value value) { return static_cast<bool>(halvedValue(value, false)); };
    auto isSecond = [](Value value) { return static_cast<bool>(halvedValue(value, true)); };
    Value cos = operandBeside<MulOp>(sub.getLhs(), isFirst),
          sin = operandBeside<MulOp>(sub.getRhs(), isSecond);
    if (!cos || !sin) return failure();
    for (auto [a, b] :
         {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
      if (operandBeside<MulOp>(a, isSecond) != cos || operandBeside<MulOp>(b, isFirst) != sin)
        continue;
      Value x = halfBeside(sub.getLhs(), cos, false);
      bool isOneValue = x == halfBeside(sub.getRhs(), sin, true) && x == halfBeside(a, cos, true) &&
                        x == halfBeside(b, sin, false);
      if (!x || !isOneValue || x.getType() != op.getType()) continue;
      rewriter.replaceOpWithNewOp<RotaryEmbeddingOp>(op, x, cos, sin, false);
      return success();
    }
    return failure();
  }

 private:
  static Value halfBeside(Value product, Value factor, bool secondHalf) {
    Value half = operandBeside<MulOp>(product, [&](Value value) { return value == factor; });
    return half ? halvedValue(half, secondHalf) : Value();
  }
};

}  // namespace

void populateRotaryPatterns(RewritePatternSet& patterns) {
  patterns.add<RotaryFromSum, RotaryFromHalves>(patterns.getContext());
}

}  // namespace mlc::transforms
