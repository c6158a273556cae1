#include "compiler/import/onnx/tensor_file.h"

#include "compiler/import/onnx/onnx-data.pb.h"
#include "compiler/import/onnx/tensor_reader.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/objects.h"
#include "runtime/base/output_file.h"

namespace mlc::onnx_import {
namespace {

int dataTypeOf(DType dtype) {
  for (int type = 1; type < 32; ++type) {
    if (dtypeFromOnnx(type) == dtype) return type;
  }
  return 0;
}

StatusOr<HostTensor> readSequence(const onnx::SequenceProto& proto, const std::string& path) {
  if (proto.elem_type() != onnx::SequenceProto::TENSOR &&
      proto.elem_type() != onnx::SequenceProto::UNDEFINED) {
    return unsupportedError("sequence '" + proto.name() + "' holds something else than tensors");
  }
  std::vector<HostTensor> items;
  for (const onnx::TensorProto& tensor : proto.tensor_values()) {
    MLC_ASSIGN_OR_RETURN(HostTensor item, readTensor(tensor, path));
    items.push_back(std::move(item));
  }
  return sequenceTensor(items);
}

StatusOr<HostTensor> readOptional(const onnx::OptionalProto& proto, const std::string& path) {
  if (proto.has_tensor_value()) {
    MLC_ASSIGN_OR_RETURN(HostTensor value, readTensor(proto.tensor_value(), path));
    return optionalTensor(value);
  }
  if (proto.has_sequence_value()) {
    MLC_ASSIGN_OR_RETURN(HostTensor value, readSequence(proto.sequence_value(), path));
    return optionalTensor(value);
  }
  if (proto.has_sparse_tensor_value() || proto.has_map_value() || proto.has_optional_value())
    return unsupportedError("optional '" + proto.name() + "' holds a value of another kind");
  return optionalTensor(std::nullopt);
}

void fill(onnx::TensorProto& proto, const HostTensor& tensor) {
  proto.set_data_type(dataTypeOf(tensor.dtype()));
  for (int64_t dim : tensor.shape()) proto.add_dims(dim);
  if (tensor.dtype() != DType::kString) {
    proto.set_raw_data(tensor.raw(), tensor.bytes());
    return;
  }
  for (const std::string& text : stringsOf(tensor)) proto.add_string_data(text);
}

void fill(onnx::SequenceProto& proto, const HostTensor& sequence) {
  proto.set_elem_type(onnx::SequenceProto::TENSOR);
  for (const HostTensor& item : itemsOf(sequence)) fill(*proto.add_tensor_values(), item);
}

void fill(onnx::OptionalProto& proto, const HostTensor& optional) {
  const std::optional<HostTensor> value = valueOf(optional);
  if (!value) return;
  if (value->dtype() == DType::kSequence) {
    proto.set_elem_type(onnx::OptionalProto::SEQUENCE);
    fill(*proto.mutable_sequence_value(), *value);
  } else {
    proto.set_elem_type(onnx::OptionalProto::TENSOR);
    fill(*proto.mutable_tensor_value(), *value);
  }
}

template <typename Proto>
Status write(const std::string& path, const std::string& name, const HostTensor& tensor) {
  Proto proto;
  proto.set_name(name);
  fill(proto, tensor);
  std::string bytes;
  if (!proto.SerializeToString(&bytes))
    return invalidError("cannot write " + path + ": it would have more than 2 GiB");
  return writeFile(path, bytes);
}

template <typename Proto, typename Read>
StatusOr<HostTensor> read(const std::string& path, const char* kind, Read readProto) {
  MLC_ASSIGN_OR_RETURN(auto file, MappedFile::open(path));
  Proto proto;
  if (file->size() > INT32_MAX ||
      !proto.ParseFromArray(file->data(), static_cast<int>(file->size()))) {
    return invalidError(path + " is not an ONNX " + kind);
  }
  StatusOr<HostTensor> result = readProto(proto, path);
  if (!result.ok()) return result.status().withContext(path);
  return result;
}

}  // namespace

StatusOr<HostTensor> readTensorFile(const std::string& path, DType expected) {
  if (expected == DType::kSequence)
    return read<onnx::SequenceProto>(path, "sequence", readSequence);
  if (expected == DType::kOptional)
    return read<onnx::OptionalProto>(path, "optional", readOptional);
  return read<onnx::TensorProto>(path, "tensor", readTensor);
}

Status writeTensorFile(const std::string& path, const std::string& name, const HostTensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kSequence:
      return write<onnx::SequenceProto>(path, name, tensor);
    case DType::kOptional:
      return write<onnx::OptionalProto>(path, name, tensor);
    default:
      return write<onnx::TensorProto>(path, name, tensor);
  }
}

}  // namespace mlc::onnx_import
