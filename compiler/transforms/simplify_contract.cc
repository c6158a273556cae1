#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/graph_dialect.h"
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

}  // namespace

void populateContractPatterns(RewritePatternSet& patterns) {
  patterns.add<FoldTransposedOperand, FoldTransposedResult>(patterns.getContext());
}

}  // namespace mlc::transforms
