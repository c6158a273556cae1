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

}  // namespace
}  // namespace mlc::onnx_import
