// Shape arithmetic, evaluated while importing: small integer tensors as dim expressions.
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

// Computes the node's output from the elements of its inputs, if its op is arithmetic on integers,
// all of them are known and the result can be expressed; false otherwise (the op then goes into the
// IR). Ops that move elements do so in their own handlers.
bool evaluateSymbolically(Node& node);

}  // namespace mlc::onnx_import
