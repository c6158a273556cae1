#include "tests/functions/compiled_functions.h"

#include <filesystem>
#include <fstream>

#include "compiler/import/onnx/onnx.pb.h"
#include "compiler/pipeline.h"
#include "tests/functions/elementary_functions.h"

namespace mlc::functions {
namespace {

int onnxType(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return onnx::TensorProto::DOUBLE;
    case DType::kF16:
      return onnx::TensorProto::FLOAT16;
    case DType::kBF16:
      return onnx::TensorProto::BFLOAT16;
    default:
      return onnx::TensorProto::FLOAT;
  }
}

onnx::ModelProto makeModel(DType dtype, const std::vector<std::string>& inputs) {
  onnx::ModelProto model;
  model.set_ir_version(10);
  model.add_opset_import()->set_version(24);
  model.mutable_graph()->set_name("functions");
  for (const std::string& name : inputs) {
    auto* input = model.mutable_graph()->add_input();
    input->set_name(name);
    auto* tensor = input->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnxType(dtype));
    tensor->mutable_shape()->add_dim()->set_dim_param("n");
  }
  return model;
}

onnx::NodeProto& addNode(onnx::ModelProto& model, const std::string& op,
                         const std::vector<std::string>& inputs, const std::string& output) {
  onnx::NodeProto& node = *model.mutable_graph()->add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  model.mutable_graph()->add_output()->set_name(output);
  return node;
}

StatusOr<std::unique_ptr<api::Session>> openModel(const onnx::ModelProto& model,
                                                  const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/model.onnx", std::ios::binary) << model.SerializeAsString();
  CompileOptions options;
  partition::Device device;
  device.name = "cpu";
  device.threads = 2;
  device.peakFlops[DType::kF32] = 1e11;
  options.devices.devices.push_back(device);
  const std::string package = folder + "/model.mlcpkg";
  MLC_RETURN_IF_ERROR(compileModel(folder + "/model.onnx", options, package).status());
  return api::Session::openThreads(package, {.threads = 2, .pin = false});
}

}  // namespace

StatusOr<CompiledFunctions> CompiledFunctions::compile(DType dtype, const std::string& folder) {
  onnx::ModelProto model = makeModel(dtype, {"x"});
  for (const ElementaryFunction& function : elementaryFunctions()) {
    onnx::NodeProto& node = addNode(model, function.op, {"x"}, function.name);
    if (function.approximate.empty()) continue;
    auto* attribute = node.add_attribute();
    attribute->set_name("approximate");
    attribute->set_type(onnx::AttributeProto::STRING);
    attribute->set_s(function.approximate);
  }
  CompiledFunctions compiled;
  MLC_ASSIGN_OR_RETURN(compiled.session_, openModel(model, folder));
  return compiled;
}

StatusOr<std::unique_ptr<api::Session>> compilePower(DType dtype, const std::string& folder) {
  onnx::ModelProto model = makeModel(dtype, {"x", "y"});
  addNode(model, "Pow", {"x", "y"}, "power");
  return openModel(model, folder);
}

}  // namespace mlc::functions
