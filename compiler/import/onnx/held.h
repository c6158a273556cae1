// Types of values that are no numbers: strings, sequences, optionals.
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

// A sequence or optional as a model declares it, without a value; null for other types, and for
// what holds maps or sparse tensors.
TensorRef declaredValue(const onnx::TypeProto& type);

// Refuses a node whose op does not take the strings, sequences or optionals that it is given.
void checkTypes(const Node& node);

// The optional with that value.
TensorRef optionalOf(const TensorRef& value);

// The tensor in an optional, of which `held` is known; dims of `held` are checked when the model
// runs.
TensorRef valueOfOptional(Node& node, mlir::Value optional, const Held& held);

}  // namespace mlc::onnx_import
