#include "compiler/import/onnx/model_outline.h"

#include <filesystem>
#include <set>

#include "compiler/import/onnx/file_reader.h"

namespace mlc::onnx_import {

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
    if (!initializers.contains(input.name())) outline.inputs.push_back(input.name());
  }
  return outline;
}

}  // namespace mlc::onnx_import
