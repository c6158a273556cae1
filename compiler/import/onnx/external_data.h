// External data of ONNX tensors: weights in files beside the model.
#pragma once

#include <string>

#include "compiler/import/onnx/onnx.pb.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

struct FileRange {
  std::string file;    // absolute path, links followed
  int64_t offset = 0;  // bytes
};

// The file of a tensor's data, links followed. It must be a regular one and lie in the model's
// folder (as it is named, or as the model's own link leads to) or, in a HuggingFace cache
// (models--*/snapshots/<revision>/model.onnx), anywhere inside the same models--* tree. kInvalid
// otherwise; the message names the tensor.
StatusOr<std::string> externalFileOf(const onnx::TensorProto& tensor, const std::string& modelPath);

// Where in it the `bytes` bytes of the tensor are. kInvalid also if the file is too short or the
// tensor's length or offset make no sense.
StatusOr<FileRange> locateExternalData(const onnx::TensorProto& tensor, int64_t bytes,
                                       const std::string& modelPath);

}  // namespace mlc::onnx_import
