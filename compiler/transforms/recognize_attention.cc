#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/attention_letters.h"
#include "compiler/transforms/attention_scores.h"
#include "compiler/transforms/product_match.h"
#include "compiler/transforms/recognize_composites.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

Type elementTypeOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

// The value with its dims, named by letters, in another order; what it lacks is a new dim of size
// 1.
Value inOrder(Value value, const std::string& letters, const std::string& wanted,
              PatternRewriter& rewriter) {
  SmallVector<int64_t> permutation;
  for (char letter : wanted) {
    size_t at = letters.find(letter);
    if (at != std::string::npos) permutation.push_back(at);
  }
  if (!llvm::is_sorted(permutation))
    value = TransposeOp::create(rewriter, value.getLoc(), value, permutation);
  if (permutation.size() == wanted.size()) return value;
  Shape own = shapeOf(value), shape;
  size_t next = 0;
  for (char letter : wanted)
    shape.push_back(letters.find(letter) == std::string::npos ? DimExpr(1) : own[next++]);
  return ReshapeOp::create(rewriter, value.getLoc(), tensorType(shape, elementTypeOf(value)),
                           value);
}

// Takes scales and transposes off an operand of a contraction; the letters stay those of its dims.
double stripOperand(Value& operand, std::string& letters) {
  double scale = 1;
  while (true) {
    Scaled scaled = scaledValue(operand);
    if (isOrdinaryScale(scaled.factor)) {
      scale *= scaled.factor;
      operand = scaled.value;
    }
    auto transpose = operand.getDefiningOp<TransposeOp>();
    if (!transpose) return scale;
    std::string before(letters.size(), ' ');
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation())) before[dim] = letters[i];
    letters = before;
    operand = transpose.getInput();
  }
}

// The masks of an attention: where scores are kept, and what is added to them.
class Masks {
 public:
  Masks(PatternRewriter& rewriter, Type elementType)
      : rewriter_(rewriter), elementType_(elementType) {}

  Value keep, added;
  std::optional<double> fill;

  // The next mask around the scores.
  void add(const AttentionScores::Mask& mask, Location location) {
    if (!mask.condition) {
      added = added ? Value(AddOp::create(rewriter_, location, added, mask.added)) : mask.added;
      return;
    }
    Value condition = mask.condition;
    if (!mask.keepsTrue) condition = NotOp::create(rewriter_, location, condition);
    keep = keep ? Value(AndOp::create(rewriter_, location, keep, condition)) : condition;
    fill = mask.fill;
    // What was added before is gone where the score is replaced.
    if (added) added = SelectOp::create(rewriter_, location, condition, added, zero(location));
  }

 private:
  Value zero(Location location) {
    return ConstantOp::create(rewriter_, location,
                              DenseElementsAttr::get(RankedTensorType::get({}, elementType_),
                                                     rewriter_.getFloatAttr(elementType_, 0)));
  }

  PatternRewriter& rewriter_;
  Type elementType_;
};

// A mask of scores that have no dim of heads, for scores that have one.
Value withHeads(Value mask, PatternRewriter& rewriter) {
  if (!mask || shapeOf(mask).size() < 3) return mask;
  return inOrder(mask, "nst", "nhst", rewriter);
}

struct AttentionFromContractions : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter& rewriter) const override {
    bool probabilitiesAreLhs = static_cast<bool>(op.getLhs().getDefiningOp<SoftmaxOp>());
    auto softmax = (probabilitiesAreLhs ? op.getLhs() : op.getRhs()).getDefiningOp<SoftmaxOp>();
    if (!softmax || softmax.getLogarithm() || !isa<FloatType>(op.getType().getElementType()))
      return failure();
    std::optional<AttentionScores> scores = attentionScoresOf(softmax.getInput());
    if (!scores || !scores->haveOneFill()) return failure();
    std::optional<AttentionLetters> letters =
        matchAttention(scores->contract, op, softmax.getAxis(), probabilitiesAreLhs);
    if (!letters) return failure();
    bool hasHeads = letters->batch.size() == 2;
    std::string batch = hasHeads ? letters->batch : letters->batch + "1";
    if (!scores->masks.empty() &&
        letters->scores != letters->batch + letters->queries + letters->keys)
      return failure();

    ContractOp first = scores->contract;
    Value query = letters->queryIsLhs ? first.getLhs() : first.getRhs();
    Value key = letters->queryIsLhs ? first.getRhs() : first.getLhs();
    Value value = probabilitiesAreLhs ? op.getRhs() : op.getLhs();
    double scale =
        scores->scale * stripOperand(query, letters->query) * stripOperand(key, letters->key);
    query = inOrder(query, letters->query, batch + letters->queries + letters->depth, rewriter);
    key = inOrder(key, letters->key, batch + letters->keys + letters->depth, rewriter);
    value = inOrder(value, letters->value, batch + letters->keys + letters->valueDepth, rewriter);
    Masks masks(rewriter, op.getType().getElementType());
    for (const AttentionScores::Mask& mask : scores->masks) masks.add(mask, op.getLoc());
    if (!hasHeads) {
      masks.added = withHeads(masks.added, rewriter);
      masks.keep = withHeads(masks.keep, rewriter);
    }
    FloatAttr fill = masks.fill ? rewriter.getF64FloatAttr(*masks.fill) : FloatAttr();
    Value result =
        AttentionOp::create(rewriter, op.getLoc(), query, key, value, masks.added, masks.keep,
                            APFloat(scale), fill, /*causal=*/false, softmax.getZeroMasked());
    std::string order = batch + letters->queries + letters->valueDepth;
    if (!hasHeads) {
      Shape shape = shapeOf(result);
      shape.erase(shape.begin() + 1);
      result = ReshapeOp::create(rewriter, op.getLoc(),
                                 tensorType(shape, op.getType().getElementType()), result);
      order.erase(1, 1);
    }
    rewriter.replaceOp(op, inOrder(result, order, letters->result, rewriter));
    return success();
  }
};

// x of value = x with each of its heads (dim 1) repeated: reshape [b, kv, 1, t, d], broadcast [b,
// kv, g, t, d], reshape [b, kv * g, t, d].
Value withoutRepeatedHeads(Value value) {
  auto merge = value.getDefiningOp<ReshapeOp>();
  auto repeat = merge ? merge.getInput().getDefiningOp<BroadcastOp>() : BroadcastOp();
  auto split = repeat ? repeat.getInput().getDefiningOp<ReshapeOp>() : ReshapeOp();
  if (!split) return {};
  Shape heads = shapeOf(split.getInput()), ones = shapeOf(split.getResult()),
        repeated = shapeOf(repeat.getResult());
  if (heads.size() != 4 || ones.size() != 5 || repeated.size() != 5) return {};
  Shape expected = heads;
  expected.insert(expected.begin() + 2, DimExpr(1));
  if (ones != expected) return {};
  expected[2] = repeated[2];
  if (repeated != expected) return {};
  Shape merged = {heads[0], heads[1] * repeated[2], heads[2], heads[3]};
  return shapeOf(value) == merged ? split.getInput() : Value();
}

// Attention reads a head of keys and values for several of queries by itself.
struct RemoveRepeatedHeads : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter& rewriter) const override {
    Value key = withoutRepeatedHeads(op.getKey()), value = withoutRepeatedHeads(op.getValue());
    if (!key || !value || !(shapeOf(key)[1] == shapeOf(value)[1]) ||
        !shapeOf(key)[1].isConstant() || !shapeOf(op.getQuery())[1].isConstant())
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op.getKeyMutable().assign(key);
      op.getValueMutable().assign(value);
    });
    return success();
  }
};

// Attention broadcasts its masks by itself.
struct RemoveBroadcastMask : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter& rewriter) const override {
    for (Value mask : {op.getMask(), op.getKeep()}) {
      auto broadcast = mask ? mask.getDefiningOp<BroadcastOp>() : BroadcastOp();
      if (!broadcast ||
          !broadcastsTo(shapeOf(broadcast.getInput()), shapeOf(broadcast.getResult()))) {
        continue;
      }
      rewriter.modifyOpInPlace(op, [&] {
        (mask == op.getMask() ? op.getMaskMutable() : op.getKeepMutable())
            .assign(broadcast.getInput());
      });
      return success();
    }
    return failure();
  }
};

}  // namespace

void populateAttentionPatterns(RewritePatternSet& patterns) {
  patterns.add<AttentionFromContractions, RemoveRepeatedHeads, RemoveBroadcastMask>(
      patterns.getContext());
}

}  // namespace mlc::transforms
