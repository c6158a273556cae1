#include "compiler/import/onnx/model_outline.h"

#include <filesystem>
#include <set>

#include "compiler/import/onnx/file_reader.h"
#include "compiler/import/onnx/tensor_reader.h"

namespace mlc::onnx_import {
namespace {

ValueOutline outlineOf(const onnx::ValueInfoProto& value) {
  const onnx::TypeProto& type = value.type();
  if (type.has_sequence_type()) return {value.name(), DType::kSequence};
  if (type.has_optional_type()) return {value.name(), DType::kOptional};
  return {value.name(), dtypeFromOnnx(type.tensor_type().elem_type()).value_or(DType::kF32)};
}

}  // namespace

StatusOr<ModelOutline> outlineOfModel(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(auto file, readModelFile(path));
  const std::filesystem::path folder = std::filesystem::path(file->path).parent_path();
  ModelOutline outline;
  std::set<std::string> external, initializers;
  for (const onnx::TensorProto& tensor : file->model.graph().initializer()) {
    initializers.insert(tensor.name());
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") external.insert((folder / entry.value()).string());
    }
  }
  outline.files.push_back(file->path);
  outline.files.insert(outline.files.end(), external.begin(), external.end());
  for (const onnx::ValueInfoProto& input : file->model.graph().input()) {
    if (!initializers.contains(input.name())) outline.inputs.push_back(outlineOf(input));
  }
  for (const onnx::ValueInfoProto& output : file->model.graph().output())
    outline.outputs.push_back(outlineOf(output));
  return outline;
}

}  // namespace mlc::onnx_import
