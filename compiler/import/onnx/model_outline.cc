#include "compiler/import/onnx/model_outline.h"

#include <set>

#include "compiler/import/onnx/external_data.h"
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

// The files of external data anywhere in a model.
class ExternalFiles {
 public:
  explicit ExternalFiles(const std::string& modelPath) : modelPath_(modelPath) {}

  Status addModel(const onnx::ModelProto& model) {
    MLC_RETURN_IF_ERROR(addGraph(model.graph()));
    for (const onnx::FunctionProto& function : model.functions()) {
      for (const onnx::NodeProto& node : function.node()) MLC_RETURN_IF_ERROR(addNode(node));
    }
    return okStatus();
  }

  const std::set<std::string>& files() const { return files_; }

 private:
  Status addGraph(const onnx::GraphProto& graph) {
    for (const onnx::TensorProto& tensor : graph.initializer())
      MLC_RETURN_IF_ERROR(addTensor(tensor));
    for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer())
      MLC_RETURN_IF_ERROR(addSparse(tensor));
    for (const onnx::NodeProto& node : graph.node()) MLC_RETURN_IF_ERROR(addNode(node));
    return okStatus();
  }

  Status addNode(const onnx::NodeProto& node) {
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      MLC_RETURN_IF_ERROR(addTensor(attribute.t()));
      MLC_RETURN_IF_ERROR(addSparse(attribute.sparse_tensor()));
      MLC_RETURN_IF_ERROR(addGraph(attribute.g()));
      for (const onnx::TensorProto& tensor : attribute.tensors())
        MLC_RETURN_IF_ERROR(addTensor(tensor));
      for (const onnx::SparseTensorProto& tensor : attribute.sparse_tensors())
        MLC_RETURN_IF_ERROR(addSparse(tensor));
      for (const onnx::GraphProto& graph : attribute.graphs()) MLC_RETURN_IF_ERROR(addGraph(graph));
    }
    return okStatus();
  }

  Status addSparse(const onnx::SparseTensorProto& tensor) {
    MLC_RETURN_IF_ERROR(addTensor(tensor.values()));
    return addTensor(tensor.indices());
  }

  Status addTensor(const onnx::TensorProto& tensor) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return okStatus();
    MLC_ASSIGN_OR_RETURN(std::string file, externalFileOf(tensor, modelPath_));
    files_.insert(std::move(file));
    return okStatus();
  }

  const std::string& modelPath_;
  std::set<std::string> files_;
};

}  // namespace

StatusOr<ModelOutline> outlineOfModel(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(auto file, readModelFile(path));
  ModelOutline outline;
  ExternalFiles external(file->path);
  MLC_RETURN_IF_ERROR(external.addModel(file->model));
  outline.files.push_back(file->path);
  outline.files.insert(outline.files.end(), external.files().begin(), external.files().end());
  std::set<std::string> initializers;
  for (const onnx::TensorProto& tensor : file->model.graph().initializer())
    initializers.insert(tensor.name());
  for (const onnx::ValueInfoProto& input : file->model.graph().input()) {
    if (!initializers.contains(input.name())) outline.inputs.push_back(outlineOf(input));
  }
  for (const onnx::ValueInfoProto& output : file->model.graph().output())
    outline.outputs.push_back(outlineOf(output));
  return outline;
}

}  // namespace mlc::onnx_import
