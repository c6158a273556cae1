#include "compiler/import/onnx/tensor_file.h"

#include <fstream>

#include "compiler/import/onnx/tensor_reader.h"
#include "runtime/base/mapped_file.h"

namespace mlc::onnx_import {
namespace {

int dataTypeOf(DType dtype) {
  for (int type = 1; type < 32; ++type) {
    if (dtypeFromOnnx(type) == dtype) return type;
  }
  return 0;
}

}  // namespace

StatusOr<HostTensor> readTensorFile(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(auto file, MappedFile::open(path));
  onnx::TensorProto tensor;
  if (file->size() > INT32_MAX ||
      !tensor.ParseFromArray(file->data(), static_cast<int>(file->size()))) {
    return invalidError(path + " is not an ONNX tensor");
  }
  StatusOr<HostTensor> result = readTensor(tensor, path);
  if (!result.ok()) return result.status().withContext(path);
  return result;
}

Status writeTensorFile(const std::string& path, const std::string& name, const HostTensor& tensor) {
  onnx::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(dataTypeOf(tensor.dtype()));
  for (int64_t dim : tensor.shape()) proto.add_dims(dim);
  proto.set_raw_data(tensor.raw(), tensor.bytes());
  std::ofstream file(path, std::ios::binary);
  if (!proto.SerializeToOstream(&file) || !file.flush())
    return invalidError("cannot write " + path);
  return okStatus();
}

}  // namespace mlc::onnx_import
