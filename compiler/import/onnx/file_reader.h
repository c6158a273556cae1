// Reads .onnx files.
#pragma once

#include <memory>
#include <string>

#include "compiler/import/onnx/onnx.pb.h"
#include "compiler/import/onnx/raw_data_locator.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

struct ModelFile {
  std::string path;  // absolute, as given (links not followed)
  onnx::ModelProto model;
  RawDataOffsets rawDataOffsets;  // of the main graph's initializers
};

// Fails with kInvalid, naming the file, if it cannot be read or is not an ONNX model with a graph.
StatusOr<std::unique_ptr<ModelFile>> readModelFile(const std::string& path);

}  // namespace mlc::onnx_import
