#include "compiler/dialect/graph/shape.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "gtest/gtest.h"

namespace mlc::graph {
namespace {

class ShapeTest : public testing::Test {
 protected:
  ShapeTest() { context.loadDialect<GraphDialect>(); }

  mlir::MLIRContext context;
  mlir::Type f32 = mlir::Float32Type::get(&context);
  DimExpr batch = DimExpr::symbol("batch"), seq = DimExpr::symbol("seq");
};

std::string print(const StatusOr<Shape>& shape) {
  if (!shape.ok()) return shape.status().message();
  std::string text;
  for (const DimExpr& dim : *shape) text += "[" + dim.str() + "]";
  return text;
}

TEST_F(ShapeTest, SymbolicDimsGoIntoTheEncodingAndBack) {
  Shape shape = {batch, seq + 1, 384};
  mlir::RankedTensorType type = tensorType(shape, f32);
  EXPECT_TRUE(type.isDynamicDim(0) && type.isDynamicDim(1));
  EXPECT_EQ(type.getDimSize(2), 384);
  EXPECT_EQ(shapeOf(type), shape);
  EXPECT_EQ(tensorType(shapeOf(type), f32), type);
}

TEST_F(ShapeTest, StaticTypesHaveNoEncoding) {
  EXPECT_EQ(tensorType({2, 3}, f32), mlir::RankedTensorType::get({2, 3}, f32));
}

TEST_F(ShapeTest, DynamicDimsWithoutEncodingAreUnknown) {
  auto type = mlir::RankedTensorType::get({mlir::ShapedType::kDynamic, 3}, f32);
  EXPECT_EQ(shapeOf(type)[0].str(), "?");
}

TEST_F(ShapeTest, BroadcastStretchesOnes) {
  EXPECT_EQ(print(broadcastShapes({batch, 1, 384}, {seq, 1})), "[batch][seq][384]");
  EXPECT_EQ(print(broadcastShapes({}, {batch})), "[batch]");
}

TEST_F(ShapeTest, BroadcastNamesTheDimsThatDiffer) {
  EXPECT_EQ(print(broadcastShapes({2, 3}, {2, 4})), "dims 3 and 4 differ");
  EXPECT_EQ(print(broadcastShapes({batch}, {seq})), "dims batch and seq differ");
  // What may be 7 may be 1 too, or 8.
  EXPECT_EQ(print(broadcastShapes({seq}, {batch, 7})), "dims 7 and seq differ");
}

TEST_F(ShapeTest, ElementTypesCorrespond) {
  for (int i = 0; i < kDTypeCount; ++i) {
    auto type = static_cast<DType>(i);
    // Their types say what they hold.
    if (type == DType::kSequence || type == DType::kOptional) continue;
    EXPECT_EQ(dtypeOf(elementType(&context, type)), type) << dtypeName(type);
    EXPECT_EQ(dtypeOf(tensorType({batch}, elementType(&context, type))), type) << dtypeName(type);
  }
}

}  // namespace
}  // namespace mlc::graph
