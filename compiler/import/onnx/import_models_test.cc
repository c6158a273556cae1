// Imports the models of tests/models, and compares their reference evaluation with what ONNX
// Runtime computed.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/import/onnx/import.h"
#include "compiler/import/onnx/tensor_file_for_test.h"
#include "mlir/IR/Verifier.h"

namespace mlc {
namespace {

namespace fs = std::filesystem;

std::vector<HostTensor> readAll(const fs::path& folder, const std::string& kind) {
  std::vector<HostTensor> tensors;
  for (int i = 0;; ++i) {
    const fs::path file = folder / (kind + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(file)) return tensors;
    StatusOr<HostTensor> tensor = onnx_import::readTensorFile(file.string());
    if (!tensor.ok()) {
      ADD_FAILURE() << tensor.status().message();
      return tensors;
    }
    tensors.push_back(*std::move(tensor));
  }
}

void expectClose(const HostTensor& actual, const HostTensor& expected, double rtol, double atol) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_EQ(actual.shape(), expected.shape());
  ASSERT_EQ(actual.dtype(), DType::kF32);
  double worst = 0;
  for (int64_t i = 0; i < actual.numElements(); ++i) {
    const double a = actual.data<float>()[i], e = expected.data<float>()[i];
    ASSERT_FALSE(std::isnan(a)) << "element " << i;
    worst = std::max(worst, std::abs(a - e) - rtol * std::abs(e));
  }
  EXPECT_LE(worst, atol);
}

class ImportModels : public testing::TestWithParam<const char*> {
 protected:
  ImportModels() : folder_(fs::path("tests/models") / GetParam()) {}

  fs::path folder_;
  mlir::MLIRContext context_;
};

TEST_P(ImportModels, EvaluatesAsOnnxRuntimeDoes) {
  StatusOr<ImportedModel> model = importOnnx(context_, (folder_ / "model.onnx").string());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*model->module)));
  auto main = model->module->lookupSymbol<mlir::func::FuncOp>("main");
  ASSERT_TRUE(main);
  const std::vector<HostTensor> inputs = readAll(folder_, "input"),
                                expected = readAll(folder_, "output");
  graph::EvaluationContext evaluation;
  evaluation.weights = &model->weights;
  auto results = graph::evaluateFunction(main, inputs, evaluation);
  ASSERT_TRUE(mlir::succeeded(results));
  ASSERT_EQ(results->size(), expected.size());
  ASSERT_FALSE(expected.empty());
  for (size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE("output " + std::to_string(i));
    expectClose((*results)[i], expected[i], 1e-4, 1e-5);
  }
}

// Every model's arithmetic on shapes is done while importing.
TEST_P(ImportModels, LeavesNoShapeArithmetic) {
  StatusOr<ImportedModel> model = importOnnx(context_, (folder_ / "model.onnx").string());
  ASSERT_TRUE(model.ok()) << model.status().message();
  int sizes = 0;
  model->module->walk([&](graph::SizeOp) { ++sizes; });
  // The cache's length is really used as data: positions begin there.
  EXPECT_EQ(sizes, std::string(GetParam()) == "llama" ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(All, ImportModels,
                         testing::Values("linear", "mlp", "cnn", "qdq", "fibonacci", "if_branch",
                                         "loop", "gpt2", "llama", "bert"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace mlc
