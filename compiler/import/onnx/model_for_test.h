// Builds small ONNX models in tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "compiler/import/onnx/import.h"
#include "compiler/import/onnx/onnx.pb.h"

namespace mlc::onnx_import {

// Models are written into a folder of the test's own.
class ModelForTest {
 public:
  explicit ModelForTest(int opset = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name("test");
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    std::string test = std::string(info->test_suite_name()) + "." + info->name();
    for (char& c : test) c = c == '/' ? '_' : c;
    folder = std::filesystem::path(testing::TempDir()) / test;
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }

  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  // Dims are numbers, names, or "" for unnamed ones.
  void input(const std::string& name, const std::vector<std::string>& dims,
             int type = onnx::TensorProto::FLOAT) {
    auto* info = graph().add_input();
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (const std::string& dim : dims) {
      auto* proto = tensor->mutable_shape()->add_dim();
      if (!dim.empty() &&
          (std::isdigit(static_cast<unsigned char>(dim[0])) != 0 || dim[0] == '-')) {
        proto->set_dim_value(std::stoll(dim));
      } else if (!dim.empty()) {
        proto->set_dim_param(dim);
      }
    }
  }
  void output(const std::string& name) { graph().add_output()->set_name(name); }

  onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, const std::string& name = "") {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name(name);
    for (const std::string& input : inputs) node.add_input(input);
    for (const std::string& output : outputs) node.add_output(output);
    return node;
  }

  onnx::TensorProto& integers(const std::string& name, const std::vector<int64_t>& values,
                              bool scalar = false) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    if (!scalar) tensor.add_dims(static_cast<int64_t>(values.size()));
    for (int64_t value : values) tensor.add_int64_data(value);
    return tensor;
  }

  onnx::TensorProto& floats(const std::string& name, const std::vector<int64_t>& dims,
                            float value = 0.5F) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    int64_t count = 1;
    for (int64_t dim : dims) {
      tensor.add_dims(dim);
      count *= dim;
    }
    std::string* raw = tensor.mutable_raw_data();
    for (int64_t i = 0; i < count; ++i)
      raw->append(reinterpret_cast<const char*>(&value), sizeof(value));
    return tensor;
  }

  std::string write() {
    const std::string path = (folder / "model.onnx").string();
    std::ofstream(path, std::ios::binary) << model.SerializeAsString();
    return path;
  }

  StatusOr<ImportedModel> import(mlir::MLIRContext& context, const ImportOptions& options = {}) {
    return importOnnx(context, write(), options);
  }

  onnx::ModelProto model;
  std::filesystem::path folder;
};

inline void setInt(onnx::NodeProto& node, const std::string& name, int64_t value) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

}  // namespace mlc::onnx_import
