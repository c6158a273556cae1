// What a model's file says of it, without importing it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

// An input or output: its name, and the type of its elements.
using ValueOutline = std::pair<std::string, DType>;

struct ModelOutline {
  // Its own, then those of all its external data: regular files, where they may be.
  std::vector<std::string> files;
  std::vector<ValueOutline> inputs, outputs;  // in order
};

StatusOr<ModelOutline> outlineOfModel(const std::string& path);

}  // namespace mlc::onnx_import
