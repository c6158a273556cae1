// Model-local functions, made ready to be imported in place of a call.
#pragma once

#include "compiler/import/onnx/onnx.pb.h"

namespace mlc::onnx_import {

// The function's nodes, with attributes that refer to the function's own replaced by those of the
// call (or their defaults); references to attributes that neither has are dropped. Inputs that the
// call leaves out are renamed to "", the name of an absent input.
onnx::GraphProto functionBody(const onnx::FunctionProto& function, const onnx::NodeProto& call);

}  // namespace mlc::onnx_import
