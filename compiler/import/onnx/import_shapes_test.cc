// Arithmetic on shapes is done while importing, on symbols.
#include <gtest/gtest.h>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/import/onnx/model_for_test.h"

namespace mlc::onnx_import {
namespace {

TEST(ImportShapes, ReshapesByArithmeticOnSymbols) {
  ModelForTest m;
  m.input("x", {"batch", "seq", "12"});
  m.integers("zero", {0});
  m.integers("minus_one", {-1});
  m.node("Shape", {"x"}, {"shape"});
  m.node("Gather", {"shape", "zero"}, {"first"});
  m.node("Concat", {"first", "minus_one"}, {"wanted"});
  setInt(*m.graph().mutable_node(2), "axis", 0);
  m.node("Reshape", {"x", "wanted"}, {"y"});
  m.output("y");
  mlir::MLIRContext context;
  const StatusOr<ImportedModel> imported = m.import(context);
  ASSERT_TRUE(imported.ok()) << imported.status().message();
  auto main = imported->module.get().lookupSymbol<mlir::func::FuncOp>("main");
  const graph::Shape shape = graph::shapeOf(main.getFunctionType().getResult(0));
  ASSERT_EQ(shape.size(), 2u);
  EXPECT_EQ(shape[0], DimExpr::symbol("batch"));
  EXPECT_EQ(shape[1], DimExpr::symbol("seq") * DimExpr(12));
  int ops = 0;
  main.walk([&](mlir::Operation* op) { ops += mlir::isa<graph::GraphDialect>(op->getDialect()); });
  EXPECT_EQ(ops, 1) << "only the reshape is left";
}

class ImportSizes : public testing::Test {
 protected:
  // The constraints of the model's runs, and the dims of its result.
  void expect(const std::vector<std::string>& constraints, const std::string& result) {
    model_.output("y");
    const StatusOr<ImportedModel> imported = model_.import(context_);
    ASSERT_TRUE(imported.ok()) << imported.status().message();
    std::vector<std::string> texts;
    for (const SizeConstraint& constraint : imported->constraints) {
      texts.push_back(constraint.left.str() + " " + std::string(relationName(constraint.relation)) +
                      " " + constraint.right.str());
      EXPECT_FALSE(constraint.node.empty());
      EXPECT_FALSE(constraint.text.empty());
    }
    EXPECT_EQ(texts, constraints);
    auto main = imported->module.get().lookupSymbol<mlir::func::FuncOp>("main");
    std::string dims;
    for (const DimExpr& dim : graph::shapeOf(main.getFunctionType().getResult(0)))
      dims += "[" + dim.str() + "]";
    EXPECT_EQ(dims, result);
  }

  mlir::MLIRContext context_;
  ModelForTest model_{21};
};

TEST_F(ImportSizes, ADimThatMayBeOneBroadcasts) {
  model_.input("a", {"n", "4"});
  model_.input("b", {"m", "4"});
  model_.input("c", {"k"});
  model_.node("Add", {"a", "b"}, {"s"});
  model_.node("Add", {"s", "c"}, {"y"});
  expect({"n broadcast m", "4 broadcast k"}, "[broadcast(m, n)][4]");
}

TEST_F(ImportSizes, DimsThatMustBeEqualBecomeOne) {
  model_.input("a", {"m", "k"});
  model_.input("b", {"j", "n"});
  model_.node("MatMul", {"a", "b"}, {"y"});
  expect({"k equal j"}, "[m][n]");
}

TEST_F(ImportSizes, NeighboursAndFlipsNeedNothing) {
  model_.input("x", {"n"});
  model_.integers("zero", {0});
  model_.integers("one", {1});
  model_.integers("last", {-1});
  model_.integers("end", {INT64_MAX});
  model_.integers("begin", {INT64_MIN});
  model_.node("Slice", {"x", "one", "end"}, {"a"});
  model_.node("Slice", {"x", "zero", "last"}, {"b"});
  model_.node("Sub", {"a", "b"}, {"d"});
  model_.node("Slice", {"d", "last", "begin", "zero", "last"}, {"r"});
  model_.node("Mul", {"d", "r"}, {"y"});
  expect({}, "[max(0, n + -1)]");
}

TEST_F(ImportSizes, WhatIsNotProvedIsChecked) {
  model_.input("x", {"n", "m"});
  model_.integers("shape", {-1, 4});
  model_.integers("index", {5}, /*scalar=*/true);
  model_.node("Reshape", {"x", "shape"}, {"r"});
  model_.node("Gather", {"r", "index"}, {"y"});
  setInt(*model_.graph().mutable_node(1), "axis", 0);
  expect({"m * n divisible 4", "((m * n) / (4)) at_least 6"}, "[4]");
}

TEST_F(ImportSizes, AnUnknownEqualityFailsNoImport) {
  model_.input("x", {"n", "m"});
  model_.input("z", {"h", "h"});
  model_.node("Shape", {"z"}, {"s"});
  model_.node("Reshape", {"x", "s"}, {"y"});
  expect({"m * n equal h * h"}, "[h][h]");
}

}  // namespace
}  // namespace mlc::onnx_import
