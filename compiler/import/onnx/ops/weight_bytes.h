// Constant inputs as weights, whatever their size.
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

// The bytes of an input as a tensor of this type and shape, which must have as many bytes; null if
// the input is not constant. A weight in a file stays there.
mlir::Value weightAs(Node& node, size_t input, DType dtype, const std::vector<int64_t>& shape);

}  // namespace mlc::onnx_import
