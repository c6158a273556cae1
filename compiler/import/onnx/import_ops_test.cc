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

}  // namespace
}  // namespace mlc::onnx_import
