// Files of tensors as ONNX's test data has them.
#pragma once

#include <string>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

// A file that holds one onnx.TensorProto, or a SequenceProto or OptionalProto where a value of that
// type is expected.
StatusOr<HostTensor> readTensorFile(const std::string& path, DType expected = DType::kF32);
Status writeTensorFile(const std::string& path, const std::string& name, const HostTensor& tensor);

}  // namespace mlc::onnx_import
