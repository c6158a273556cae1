// Host tensors as attributes of graph.constant.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "runtime/base/host_tensor.h"

namespace mlc::graph {

// The elements of a tensor of `type`'s shape and element type.
mlir::DenseElementsAttr denseElements(mlir::RankedTensorType type, const HostTensor& tensor);

}  // namespace mlc::graph
