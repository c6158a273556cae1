// Reads serialized TensorProto files (input_0.pb, ...) in tests.
#pragma once

#include <fstream>
#include <string>

#include "compiler/import/onnx/tensor_reader.h"

namespace mlc::onnx_import {

inline StatusOr<HostTensor> readTensorFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  onnx::TensorProto tensor;
  if (!file || !tensor.ParseFromIstream(&file)) return invalidError("cannot read " + path);
  return readTensor(tensor, path);
}

}  // namespace mlc::onnx_import
