// What inputs' shapes are held against, and what is said where they do not fit.
#include "runtime/executor/symbols.h"

#include <gtest/gtest.h>

namespace mlc::executor {
namespace {

using Relation = SizeConstraint::Relation;

SizeConstraint constraint(Relation relation, const std::string& left, const std::string& right) {
  SizeConstraint made;
  made.relation = relation;
  made.left = *DimExpr::parse(left);
  made.right = *DimExpr::parse(right);
  made.node = "'sum' (Add)";
  made.text = "shapes that do not broadcast";
  made.function = "main";
  return made;
}

class SymbolsTest : public testing::Test {
 protected:
  std::string check(const SizeConstraint& constraint, const SymbolValues& symbols) {
    return checkConstraints({constraint}, {x_, z_}, symbols).message();
  }

  package::TensorSpec x_{"x", DType::kF32, {"2", "n"}}, z_{"z", DType::kF32, {"m", "n + 1"}};
};

TEST_F(SymbolsTest, AViolatedConstraintNamesTheNodeTheInputsAndBothSizes) {
  EXPECT_EQ(check(constraint(Relation::kBroadcast, "n", "m"), {{"n", 3}, {"m", 4}}),
            "node 'sum' (Add): shapes that do not broadcast: n is 3, but must be 1 or 4 (m); m is "
            "dim 0 of input 'z', n is dim 1 of input 'x'");
  EXPECT_EQ(check(constraint(Relation::kDivisible, "n", "4"), {{"n", 6}}),
            "node 'sum' (Add): shapes that do not broadcast: n is 6, but must be a multiple of 4; "
            "n is dim 1 of input 'x'");
  EXPECT_EQ(check(constraint(Relation::kAtLeast, "32", "n"), {{"n", 33}}),
            "node 'sum' (Add): shapes that do not broadcast: n is 33, but must be at most 32; "
            "n is dim 1 of input 'x'");
}

TEST_F(SymbolsTest, ConstraintsThatHoldPass) {
  EXPECT_EQ(check(constraint(Relation::kBroadcast, "n", "m"), {{"n", 1}, {"m", 4}}), "");
  EXPECT_EQ(check(constraint(Relation::kAtLeast, "n", "3"), {{"n", 3}}), "");
}

TEST_F(SymbolsTest, ADivisionByZeroIsAnErrorOfTheNode) {
  const std::string message =
      check(constraint(Relation::kEqual, "n / m", "2"), {{"n", 4}, {"m", 0}});
  EXPECT_NE(message.find("'sum' (Add)"), std::string::npos);
  EXPECT_NE(message.find("divides by zero"), std::string::npos);
}

TEST_F(SymbolsTest, ADimThatANodeMadeAnotherNamesTheNode) {
  SizeConstraint replaced = constraint(Relation::kEqual, "k", "2");
  replaced.text = "it needs two rows";
  replaced.replaced = {{"x", 0}};
  SymbolValues symbols;
  const Status status = bindSymbols({{&x_, {5, 3}}}, symbols, {replaced});
  EXPECT_EQ(status.message(),
            "input 'x': dim 0 (2) should be 2, but is 5: node 'sum' (Add): it needs two rows");
  // The other way round: x had the symbol k, which is n now, and z's own n is not that of x.
  replaced.right = DimExpr::symbol("n");
  replaced.replaced = {{"x", 1}};
  const package::TensorSpec other{"z", DType::kF32, {"n"}};
  SymbolValues bound;
  EXPECT_EQ(bindSymbols({{&x_, {2, 3}}, {&other, {4}}}, bound, {replaced}).message(),
            "input 'z': dim 0 (n) should be 3, but is 4: node 'sum' (Add): it needs two rows");
  EXPECT_TRUE(checkConstraints({replaced}, {x_, z_}, {{"n", 3}}).ok());
}

}  // namespace
}  // namespace mlc::executor
