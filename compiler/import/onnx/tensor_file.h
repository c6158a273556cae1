// Files of tensors as ONNX's test data has them, and the files of a model.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

// A file that holds one onnx.TensorProto.
StatusOr<HostTensor> readTensorFile(const std::string& path);
Status writeTensorFile(const std::string& path, const std::string& name, const HostTensor& tensor);

// The model's own file and those of its external data, as they are named in it (not checked).
StatusOr<std::vector<std::string>> filesOfModel(const std::string& modelPath);

}  // namespace mlc::onnx_import
