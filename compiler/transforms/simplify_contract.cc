#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/simplify.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// The letters of a transpose's input, given those of its result.
std::string lettersBefore(ArrayRef<int64_t> permutation, const std::string& letters) {
  std::string before(letters.size(), ' ');
  for (auto [i, dim] : llvm::enumerate(permutation)) before[dim] = letters[i];
  return before;
}

struct FoldTransposedOperand : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter& rewriter) const override {
    ContractEquation equation = *ContractEquation::parse(op.getEquation());
    Value lhs = op.getLhs(), rhs = op.getRhs();
    auto fold = [](Value& operand, std::string& letters) {
      auto transpose = operand.getDefiningOp<TransposeOp>();
      if (!transpose) return false;
      letters = lettersBefore(transpose.getPermutation(), letters);
      operand = transpose.getInput();
      return true;
    };
    bool changed = fold(lhs, equation.lhs);
    changed |= fold(rhs, equation.rhs);
    if (!changed) return failure();
    rewriter.replaceOpWithNewOp<ContractOp>(op, lhs, rhs, rewriter.getStringAttr(equation.str()));
    return success();
  }
};

struct FoldTransposedResult : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter& rewriter) const override {
    auto contract = op.getInput().getDefiningOp<ContractOp>();
    if (!contract || !contract->hasOneUse()) return failure();
    ContractEquation equation = *ContractEquation::parse(contract.getEquation());
    std::string letters;
    for (int64_t dim : op.getPermutation()) letters += equation.result[dim];
    equation.result = letters;
    rewriter.replaceOpWithNewOp<ContractOp>(op, contract.getLhs(), contract.getRhs(),
                                            rewriter.getStringAttr(equation.str()));
    return success();
  }
};

// Dim `dim` of a reshape's result is `count` dims of its input.
struct MergedDims {
  size_t dim = 0, count = 0;
};

// If a reshape merges neighbouring dims into one and keeps the others.
std::optional<MergedDims> mergedDims(ReshapeOp reshape) {
  Shape before = shapeOf(reshape.getInput()), after = shapeOf(reshape.getResult());
  if (before.size() <= after.size()) return std::nullopt;
  size_t count = before.size() - after.size() + 1;
  for (size_t dim = 0; dim < after.size(); ++dim) {
    if (elementCount(ArrayRef(before).slice(dim, count)) == after[dim] &&
        ArrayRef(before).take_front(dim) == ArrayRef(after).take_front(dim) &&
        ArrayRef(before).drop_front(dim + count) == ArrayRef(after).drop_front(dim + 1)) {
      return MergedDims{dim, count};
    }
  }
  return std::nullopt;
}

// contract(reshape(x), w) = reshape(contract(x, w)) where the reshape merges dims that the
// contraction does not sum (exporters make matrices of [batch, seq, width] for their matrix
// products).
struct KeepDimsApart : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter& rewriter) const override {
    for (bool isLhs : {true, false}) {
      ContractEquation equation = *ContractEquation::parse(op.getEquation());
      std::string &letters = isLhs ? equation.lhs : equation.rhs,
                  &others = isLhs ? equation.rhs : equation.lhs;
      auto reshape = (isLhs ? op.getLhs() : op.getRhs()).getDefiningOp<ReshapeOp>();
      std::optional<MergedDims> merged = reshape ? mergedDims(reshape) : std::nullopt;
      if (!merged) continue;
      char letter = letters[merged->dim];
      if (!equation.inResult(letter) || others.find(letter) != std::string::npos) continue;
      std::string apart, used = equation.letters();
      for (char fresh = 'a'; fresh <= 'z' && apart.size() < merged->count; ++fresh) {
        if (used.find(fresh) == std::string::npos) apart += fresh;
      }
      if (apart.size() < merged->count) continue;
      letters.replace(merged->dim, 1, apart);
      equation.result.replace(equation.result.find(letter), 1, apart);
      Value lhs = isLhs ? reshape.getInput() : op.getLhs(),
            rhs = isLhs ? op.getRhs() : reshape.getInput();
      Value result = ContractOp::create(rewriter, op.getLoc(), lhs, rhs,
                                        rewriter.getStringAttr(equation.str()));
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), result);
      return success();
    }
    return failure();
  }
};

}  // namespace

void populateContractPatterns(RewritePatternSet& patterns) {
  patterns.add<FoldTransposedOperand, FoldTransposedResult, KeepDimsApart>(patterns.getContext());
}

}  // namespace mlc::transforms
