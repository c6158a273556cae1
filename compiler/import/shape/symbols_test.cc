// What is proved of sizes, what is learned, and what is left to be checked when a model runs.
#include "compiler/import/shape/symbols.h"

#include <gtest/gtest.h>

namespace mlc::sizes {
namespace {

DimExpr parse(const std::string& text) { return *DimExpr::parse(text); }

class SymbolsTest : public testing::Test {
 protected:
  Verdict assume(Relation relation, const std::string& left, const std::string& right) {
    return symbols_.assume(relation, parse(left), parse(right), {"'a' (A)", "it needs it"});
  }

  // The texts of the constraints for the run.
  std::vector<std::string> constraints() {
    std::vector<std::string> texts;
    for (const SizeConstraint& constraint : symbols_.constraints()) {
      texts.push_back(constraint.left.str() + " " + std::string(relationName(constraint.relation)) +
                      " " + constraint.right.str());
    }
    return texts;
  }

  using Texts = std::vector<std::string>;
  Symbols symbols_{{}};
};

TEST_F(SymbolsTest, ProvesWhatHoldsForAllSizes) {
  EXPECT_EQ(assume(Relation::kEqual, "n + n", "2 * n"), Verdict::kProved);
  EXPECT_EQ(assume(Relation::kAtLeast, "n + 3", "3"), Verdict::kProved);
  EXPECT_EQ(assume(Relation::kAtLeast, "max(0, n - 1)", "0"), Verdict::kProved);
  EXPECT_EQ(assume(Relation::kDivisible, "12 * n", "4"), Verdict::kProved);
  EXPECT_EQ(assume(Relation::kBroadcast, "1", "n"), Verdict::kProved);
  EXPECT_EQ(constraints(), Texts());
}

TEST_F(SymbolsTest, RefutesWhatHoldsForNone) {
  EXPECT_EQ(assume(Relation::kEqual, "n", "n + 1"), Verdict::kRefuted);
  EXPECT_EQ(assume(Relation::kAtLeast, "2", "n + 3"), Verdict::kRefuted);
  EXPECT_EQ(assume(Relation::kBroadcast, "3", "4"), Verdict::kRefuted);
  EXPECT_EQ(assume(Relation::kDivisible, "7", "2"), Verdict::kRefuted);
  EXPECT_EQ(assume(Relation::kDivisible, "n", "0"), Verdict::kRefuted);
  EXPECT_EQ(constraints(), Texts());
}

TEST_F(SymbolsTest, LeavesTheRestToTheRunOnce) {
  EXPECT_EQ(assume(Relation::kBroadcast, "n", "4"), Verdict::kChecked);
  EXPECT_EQ(assume(Relation::kBroadcast, "n", "4"), Verdict::kChecked);
  EXPECT_EQ(assume(Relation::kDivisible, "n", "m"), Verdict::kChecked);
  // What is a multiple of m is one of 0 only if it exists.
  EXPECT_EQ(assume(Relation::kDivisible, "n * m", "m"), Verdict::kChecked);
  EXPECT_EQ(assume(Relation::kEqual, "n * m", "k + 1"), Verdict::kChecked);
  EXPECT_EQ(constraints(),
            (Texts{"n broadcast 4", "n divisible m", "m * n divisible m", "m * n equal k + 1"}));
}

TEST_F(SymbolsTest, ASymbolThatMustBeEqualIsReplacedAndCheckedWhereItCameFrom) {
  symbols_.ofInput("n", "x", 0);
  EXPECT_EQ(assume(Relation::kEqual, "2 * n", "10"), Verdict::kLearned);
  symbols_.beginImport();
  EXPECT_EQ(symbols_.ofInput("n", "x", 0), DimExpr(5));
  EXPECT_EQ(constraints(), Texts{"n equal 5"});
  const SizeConstraint constraint = symbols_.constraints().front();
  ASSERT_EQ(constraint.replaced.size(), 1U);
  EXPECT_EQ(constraint.replaced[0].input, "x");
  EXPECT_EQ(constraint.node, "'a' (A)");
}

TEST_F(SymbolsTest, AnExpressionOfNamesThatNoInputHasIsAName) {
  symbols_.setDimNames({"n", "n + 1", "m + 1"});
  EXPECT_EQ(symbols_.ofInput("n + 1", "x", 0), DimExpr::symbol("n") + 1);
  EXPECT_EQ(symbols_.ofInput("m + 1", "x", 1), DimExpr::symbol("m___1"));
}

TEST_F(SymbolsTest, OfTwoSymbolsTheEarlierStays) {
  EXPECT_EQ(assume(Relation::kEqual, "b", "a"), Verdict::kLearned);
  EXPECT_EQ(symbols_.ofInput("b", "x", 0), DimExpr::symbol("a"));
  EXPECT_EQ(assume(Relation::kEqual, "c", "a"), Verdict::kLearned);
  EXPECT_EQ(symbols_.ofInput("c", "y", 0), DimExpr::symbol("a"));
}

TEST_F(SymbolsTest, AMinimumThatMeetsItsOperandIsThatOperand) {
  EXPECT_EQ(assume(Relation::kBroadcast, "min(512, n)", "n"), Verdict::kLearned);
  EXPECT_EQ(symbols_.simplified(parse("min(512, n)")), DimExpr::symbol("n"));
  EXPECT_EQ(constraints(), Texts{"512 at_least n"});
  // A minimum with 1 may be a 1 that stretches.
  EXPECT_EQ(assume(Relation::kBroadcast, "min(1, n)", "n"), Verdict::kChecked);
}

TEST_F(SymbolsTest, ABroadcastThatMustBeOneOfItsOperandsIsThatOperand) {
  EXPECT_EQ(assume(Relation::kEqual, "broadcast(m, n)", "n"), Verdict::kLearned);
  EXPECT_EQ(symbols_.simplified(parse("broadcast(m, n)")), DimExpr::symbol("n"));
  EXPECT_EQ(constraints(), Texts{"m one_or_equal n"});
  // Learned once: what still asks does not make the import start again.
  EXPECT_EQ(assume(Relation::kEqual, "broadcast(m, n)", "n"), Verdict::kChecked);
}

}  // namespace
}  // namespace mlc::sizes
