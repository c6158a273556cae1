// What a model's file says of it, without importing it.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::onnx_import {

struct ModelOutline {
  std::vector<std::string>
      files;  // its own, then those of its external data, as they are named in it (not checked)
  std::vector<std::string> inputs;  // names, in order
};

StatusOr<ModelOutline> outlineOfModel(const std::string& path);

}  // namespace mlc::onnx_import
