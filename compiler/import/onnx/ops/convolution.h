// graph.conv of a node with the attributes of Conv, shared by the families that convolve.
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

// Convolves the node's first input, as `image`, with its input number `filterInput`, as `filter`.
// `bias` may be null. `padding` (a scalar of the image's element type) is what lies around the
// image; null: zeros.
mlir::Value convolve(Node& node, mlir::Value image, size_t filterInput, mlir::Value filter,
                     mlir::Value bias, mlir::Value padding = {});

}  // namespace mlc::onnx_import
