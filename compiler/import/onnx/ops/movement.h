// Slices, shared by the families that cut tensors.
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

// value[.., start : start + size, ..] along one axis.
mlir::Value sliceAxis(Emitter& emitter, mlir::Value value, int64_t axis, const DimExpr& start,
                      const DimExpr& size);

// value[.., index, ..] along one axis, which goes away. A negative constant counts from the end.
mlir::Value takeIndex(Emitter& emitter, mlir::Value value, int64_t axis, const DimExpr& index);

// ONNX Slice (slice.cc).
void importSlice(Node& node);

}  // namespace mlc::onnx_import
