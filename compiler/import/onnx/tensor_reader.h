// Reads onnx.TensorProto: types, shapes and values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/import/onnx/onnx.pb.h"
#include "runtime/base/dtype.h"
#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

// The element type of an onnx.TensorProto.DataType; none for those that the graph dialect lacks
// (strings, complex, 6-bit floats, ...).
std::optional<DType> dtypeFromOnnx(int dataType);

// "FLOAT8E4M3FN"; "type 99" for unknown ones.
std::string dataTypeName(int dataType);

struct TensorHeader {
  DType dtype;
  std::vector<int64_t> shape;
  int64_t bytes;
};

// Type and shape. Fails for negative dims, a size beyond 64 bits and types without a DType, naming
// the tensor.
StatusOr<TensorHeader> readTensorHeader(const onnx::TensorProto& tensor);

// The values of a tensor, from raw or typed fields, or read from its external file.
StatusOr<HostTensor> readTensor(const onnx::TensorProto& tensor, const std::string& modelPath);

}  // namespace mlc::onnx_import
