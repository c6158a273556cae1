// Models' files: where weights lie, and files that are cut short.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/import/onnx/model_for_test.h"

namespace mlc::onnx_import {
namespace {

class ImportFiles : public testing::Test {
 protected:
  ImportFiles() {
    model_.input("x", {"n", "600"});
    model_.floats("w", {600, 2}, 0.25F);
    model_.node("MatMul", {"x", "w"}, {"y"});
    model_.output("y");
  }

  mlir::MLIRContext context_;
  ModelForTest model_;
};

TEST_F(ImportFiles, BigWeightsStayInTheModel) {
  const StatusOr<ImportedModel> imported = model_.import(context_);
  ASSERT_TRUE(imported.ok()) << imported.status().message();
  const graph::Weight* weight = imported->weights.find("w");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->kind, graph::Weight::Kind::kFile);
  std::ifstream file(weight->file, std::ios::binary);
  file.seekg(weight->offset);
  float first = 0;
  file.read(reinterpret_cast<char*>(&first), sizeof(first));
  EXPECT_EQ(first, 0.25F);
}

TEST_F(ImportFiles, RefusesFilesThatAreCutShort) {
  const std::string path = model_.write();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const StatusOr<ImportedModel> imported = importOnnx(context_, path);
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().code(), StatusCode::kInvalid);
  EXPECT_THAT(imported.status().message(), testing::HasSubstr(path));
}

}  // namespace
}  // namespace mlc::onnx_import
