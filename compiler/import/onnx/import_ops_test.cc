// What single nodes become, by their evaluation.
#include <gtest/gtest.h>

#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/import/onnx/model_for_test.h"

namespace mlc::onnx_import {
namespace {

HostTensor floats(std::vector<int64_t> shape, const std::vector<float>& values) {
  HostTensor tensor = HostTensor::uninitialized(DType::kF32, std::move(shape));
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return tensor;
}

TEST(ImportOps, KeepTheOrderOfOperandsAndTheirBroadcasting) {
  ModelForTest m;
  m.input("a", {"2"});
  m.input("b", {"2", "1"});
  m.node("Sub", {"a", "b"}, {"y"});
  m.output("y");
  mlir::MLIRContext context;
  const StatusOr<ImportedModel> imported = m.import(context);
  ASSERT_TRUE(imported.ok()) << imported.status().message();
  const auto results =
      graph::evaluateFunction(imported->module.get().lookupSymbol<mlir::func::FuncOp>("main"),
                              {floats({2}, {1, 2}), floats({2, 1}, {10, 20})}, {});
  ASSERT_TRUE(mlir::succeeded(results));
  const HostTensor& y = (*results)[0];
  EXPECT_EQ(y.shape(), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(std::vector<float>(y.data<float>(), y.data<float>() + 4),
            (std::vector<float>{-9, -8, -19, -18}));
}

// Of a model without inputs, whose result is known while importing.
std::vector<int64_t> integersOf(ModelForTest& m) {
  m.output("y");
  mlir::MLIRContext context;
  const StatusOr<ImportedModel> imported = m.import(context);
  EXPECT_TRUE(imported.ok()) << imported.status().message();
  const auto results = graph::evaluateFunction(
      imported->module.get().lookupSymbol<mlir::func::FuncOp>("main"), {}, {});
  EXPECT_TRUE(mlir::succeeded(results));
  const HostTensor& y = (*results)[0];
  return {y.data<int64_t>(), y.data<int64_t>() + y.numElements()};
}

TEST(ImportOps, NothingIsReducedWhereNoAxesMeanNone) {
  ModelForTest m(18);
  m.integers("x", {0, 1, 2, 3});
  setInt(m.node("ReduceSum", {"x"}, {"y"}), "noop_with_empty_axes", 1);
  EXPECT_EQ(integersOf(m), (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST(ImportOps, ConstantsThatOverflowWrap) {
  ModelForTest m;
  m.integers("a", {INT64_MAX, 5});
  m.integers("b", {1, 2});
  m.node("Add", {"a", "b"}, {"y"});
  EXPECT_EQ(integersOf(m), (std::vector<int64_t>{INT64_MIN, 7}));
}

TEST(ImportOps, IntegersBesideSizesKeepAllTheirBits) {
  ModelForTest m;
  m.input("x", {"n"});
  m.integers("large", {(int64_t{1} << 60) + 1, (int64_t{1} << 53) + 1});
  m.node("Shape", {"x"}, {"s"});
  setInt(m.node("Concat", {"s", "large"}, {"y"}), "axis", 0);
  m.output("y");
  mlir::MLIRContext context;
  const StatusOr<ImportedModel> imported = m.import(context);
  ASSERT_TRUE(imported.ok()) << imported.status().message();
  const auto results = graph::evaluateFunction(
      imported->module.get().lookupSymbol<mlir::func::FuncOp>("main"), {floats({2}, {1, 2})}, {});
  ASSERT_TRUE(mlir::succeeded(results));
  const auto* y = (*results)[0].data<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(y, y + 3),
            (std::vector<int64_t>{2, (int64_t{1} << 60) + 1, (int64_t{1} << 53) + 1}));
}

}  // namespace
}  // namespace mlc::onnx_import
