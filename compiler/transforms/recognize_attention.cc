#include <cmath>

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/product_match.h"
#include "compiler/transforms/recognize_composites.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// softmax's input taken apart: contraction * scale + masks.
struct Scores {
  ContractOp contract;
  double scale = 1;
  struct Mask {
    Value added;
    SelectOp replacing;  // or this one, which puts a very negative number in place of some scores
  };
  SmallVector<Mask> masks;
};

// So negative that nothing is left of what it is added to or put in place of.
bool isVeryNegative(Value value) { return splatOf(value).value_or(0) <= -1e4; }

// Whether `select` keeps what is true and makes the rest very negative, or the other way round.
bool keepsTrue(SelectOp select) { return isVeryNegative(select.getOnFalse()); }
bool isMasking(SelectOp select) {
  return isVeryNegative(select.getOnTrue()) != isVeryNegative(select.getOnFalse());
}

// Whether scales, masks and sums lead from the value up to a contraction.
bool isMadeOfScores(Value value) {
  value = scaledValue(value).value;
  Operation* op = value.getDefiningOp();
  if (!op) return false;
  if (isa<ContractOp>(op)) return true;
  if (auto select = dyn_cast<SelectOp>(op)) {
    return isMasking(select) &&
           isMadeOfScores(keepsTrue(select) ? select.getOnTrue() : select.getOnFalse());
  }
  return isa<AddOp>(op) && llvm::any_of(op->getOperands(), isMadeOfScores);
}

std::optional<Scores> scoresOf(Value value) {
  Scores scores;
  while (true) {
    Scaled scaled = scaledValue(value);
    if (scaled.value != value) {
      // A scale outside of a mask would scale the mask too.
      if (scaled.value.getDefiningOp<ContractOp>()) {
        scores.scale = scaled.factor;
        value = scaled.value;
        continue;
      }
      return std::nullopt;
    }
    Operation* op = value.getDefiningOp();
    if (!op) return std::nullopt;
    if (auto contract = dyn_cast<ContractOp>(op)) {
      scores.contract = contract;
      return scores;
    }
    if (auto select = dyn_cast<SelectOp>(op)) {
      if (!isMasking(select)) return std::nullopt;
      scores.masks.push_back({Value(), select});
      value = keepsTrue(select) ? select.getOnTrue() : select.getOnFalse();
      continue;
    }
    auto add = dyn_cast<AddOp>(op);
    if (!add) return std::nullopt;
    auto leadsToContract = [&](Value operand) {
      return operand.getType() == value.getType() && isMadeOfScores(operand);
    };
    bool fromLeft = leadsToContract(add.getLhs());
    if (!fromLeft && !leadsToContract(add.getRhs())) return std::nullopt;
    scores.masks.push_back({fromLeft ? add.getRhs() : add.getLhs(), SelectOp()});
    value = fromLeft ? add.getLhs() : add.getRhs();
  }
}

// The value with its dims, named by letters, in another order; '1' is a new dim of size 1.
Value inOrder(Value value, const std::string& letters, const std::string& wanted,
              PatternRewriter& rewriter) {
  SmallVector<int64_t> permutation;
  for (char letter : wanted) {
    if (letter != '1') permutation.push_back(letters.find(letter));
  }
  Location location = value.getLoc();
  if (!llvm::is_sorted(permutation))
    value = TransposeOp::create(rewriter, location, value, permutation);
  if (wanted.find('1') == std::string::npos) return value;
  Shape shape = shapeOf(value);
  shape.insert(shape.begin() + wanted.find('1'), DimExpr(1));
  Type elementType = cast<RankedTensorType>(value.getType()).getElementType();
  return ReshapeOp::create(rewriter, location, tensorType(shape, elementType), value);
}

// Takes scales and transposes off an operand of a contraction; the letters stay those of its dims.
double stripOperand(Value& operand, std::string& letters) {
  double scale = 1;
  while (true) {
    Scaled scaled = scaledValue(operand);
    scale *= scaled.factor;
    operand = scaled.value;
    auto transpose = operand.getDefiningOp<TransposeOp>();
    if (!transpose) return scale;
    std::string before(letters.size(), ' ');
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation())) before[dim] = letters[i];
    letters = before;
    operand = transpose.getInput();
  }
}

// The letters of both contractions, in one naming: query sums d with key, keys t, queries s, value
// depth e, up to two batch letters.
struct AttentionLetters {
  std::string query, key, scores;  // of the first contraction
  std::string value, result;       // of the second, renamed to agree with the first
  std::string batch;               // in the order of the scores
  char queries = 0, keys = 0, depth = 0, valueDepth = 0;
  bool queryIsLhs = true, valueIsRhs = true;
};

// Renames the second equation's letters: those of the probabilities to the scores' letters, the
// others to new ones.
std::optional<AttentionLetters> matchEquations(const ContractEquation& first,
                                               const ContractEquation& second, int64_t softmaxAxis,
                                               bool probabilitiesAreLhs) {
  AttentionLetters letters;
  letters.scores = first.result;
  letters.keys = first.result[softmaxAxis];
  letters.valueIsRhs = probabilitiesAreLhs;
  letters.queryIsLhs = !first.inLhs(letters.keys);
  letters.query = letters.queryIsLhs ? first.lhs : first.rhs;
  letters.key = letters.queryIsLhs ? first.rhs : first.lhs;
  if (letters.query.find(letters.keys) != std::string::npos) return std::nullopt;

  for (char letter : first.letters()) {
    bool inBoth = first.inLhs(letter) && first.inRhs(letter);
    char* role = nullptr;
    if (inBoth && first.inResult(letter)) {
      letters.batch += letter;
      continue;
    }
    if (letter == letters.keys) continue;
    if (inBoth)
      role = &letters.depth;
    else if (first.inResult(letter) && letters.query.find(letter) != std::string::npos)
      role = &letters.queries;
    if (!role || *role) return std::nullopt;
    *role = letter;
  }
  if (!letters.depth || !letters.queries || letters.batch.empty() || letters.batch.size() > 2)
    return std::nullopt;

  const std::string& probabilities = probabilitiesAreLhs ? second.lhs : second.rhs;
  char fresh = 'A';
  auto rename = [&](const std::string& text) {
    std::string renamed;
    for (char letter : text) {
      size_t at = probabilities.find(letter);
      if (at != std::string::npos) {
        renamed += first.result[at];
      } else {
        letters.valueDepth = fresh;
        renamed += fresh;
      }
    }
    return renamed;
  };
  letters.value = rename(probabilitiesAreLhs ? second.rhs : second.lhs);
  letters.result = rename(second.result);
  // value has exactly the batch, the keys and its depth; the result the batch, the queries and the
  // depth.
  auto hasExactly = [](std::string text, std::string expected) {
    llvm::sort(text);
    llvm::sort(expected);
    return text == expected;
  };
  if (!hasExactly(letters.value, letters.batch + letters.keys + fresh) ||
      !hasExactly(letters.result, letters.batch + letters.queries + fresh)) {
    return std::nullopt;
  }
  return letters;
}

struct AttentionFromContractions : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter& rewriter) const override {
    bool probabilitiesAreLhs = static_cast<bool>(op.getLhs().getDefiningOp<SoftmaxOp>());
    auto softmax = (probabilitiesAreLhs ? op.getLhs() : op.getRhs()).getDefiningOp<SoftmaxOp>();
    if (!softmax || softmax.getLogarithm() || !isa<FloatType>(op.getType().getElementType()))
      return failure();
    std::optional<Scores> scores = scoresOf(softmax.getInput());
    if (!scores) return failure();
    std::optional<AttentionLetters> letters = matchEquations(
        *ContractEquation::parse(scores->contract.getEquation()),
        *ContractEquation::parse(op.getEquation()), softmax.getAxis(), probabilitiesAreLhs);
    if (!letters) return failure();
    std::string batch = letters->batch.size() == 2 ? letters->batch : letters->batch + "1";
    std::string scoresOrder = letters->batch + letters->queries + letters->keys;
    if (!scores->masks.empty() && letters->scores != scoresOrder) return failure();

    Value query = letters->queryIsLhs ? scores->contract.getLhs() : scores->contract.getRhs();
    Value key = letters->queryIsLhs ? scores->contract.getRhs() : scores->contract.getLhs();
    Value value = letters->valueIsRhs ? op.getRhs() : op.getLhs();
    double scale =
        scores->scale * stripOperand(query, letters->query) * stripOperand(key, letters->key);
    query = inOrder(query, letters->query, batch + letters->queries + letters->depth, rewriter);
    key = inOrder(key, letters->key, batch + letters->keys + letters->depth, rewriter);
    value = inOrder(value, letters->value, batch + letters->keys + letters->valueDepth, rewriter);
    Value mask = maskOf(*scores, letters->batch.size() == 1, rewriter);
    Value result =
        AttentionOp::create(rewriter, op.getLoc(), query, key, value, mask, APFloat(scale), false);

    std::string resultOrder = batch + letters->queries + letters->valueDepth;
    if (letters->batch.size() == 1) {
      Shape shape = shapeOf(result);
      shape.erase(shape.begin() + 1);
      result = ReshapeOp::create(rewriter, op.getLoc(),
                                 tensorType(shape, op.getType().getElementType()), result);
      resultOrder.erase(1, 1);
    }
    result = inOrder(result, resultOrder, letters->result, rewriter);
    if (result.getType() != op.getType()) return failure();
    rewriter.replaceOp(op, result);
    return success();
  }

 private:
  // 0 where the scores are kept, else the number that would take their place.
  static Value addedInstead(SelectOp select, PatternRewriter& rewriter) {
    Type elementType = select.getType().getElementType();
    auto scalar = DenseElementsAttr::get(RankedTensorType::get({}, elementType),
                                         rewriter.getFloatAttr(elementType, 0));
    Value zero = ConstantOp::create(rewriter, select.getLoc(), scalar);
    Value onTrue = keepsTrue(select) ? zero : select.getOnTrue();
    Value onFalse = keepsTrue(select) ? select.getOnFalse() : zero;
    return SelectOp::create(rewriter, select.getLoc(), select.getCondition(), onTrue, onFalse);
  }

  // The masks' sum, with a dim for the heads if the scores have none.
  static Value maskOf(const Scores& scores, bool addHeads, PatternRewriter& rewriter) {
    Value sum;
    for (const Scores::Mask& mask : scores.masks) {
      Value added = mask.added ? mask.added : addedInstead(mask.replacing, rewriter);
      sum = sum ? Value(AddOp::create(rewriter, added.getLoc(), sum, added)) : added;
    }
    if (!sum || !addHeads || cast<RankedTensorType>(sum.getType()).getRank() < 3) return sum;
    return inOrder(sum, "nst", "n1st", rewriter);
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
    if (!key || !value) return failure();
    rewriter.replaceOpWithNewOp<AttentionOp>(op, op.getQuery(), key, value, op.getMask(),
                                             op.getScale(), op.getCausal());
    return success();
  }
};

// Attention broadcasts its mask by itself.
struct RemoveBroadcastMask : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter& rewriter) const override {
    auto broadcast = op.getMask() ? op.getMask().getDefiningOp<BroadcastOp>() : BroadcastOp();
    if (!broadcast || !broadcastsTo(shapeOf(broadcast.getInput()), shapeOf(broadcast.getResult())))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getMaskMutable().assign(broadcast.getInput()); });
    return success();
  }
};

}  // namespace

void populateAttentionPatterns(RewritePatternSet& patterns) {
  patterns.add<AttentionFromContractions, RemoveRepeatedHeads, RemoveBroadcastMask>(
      patterns.getContext());
}

}  // namespace mlc::transforms
