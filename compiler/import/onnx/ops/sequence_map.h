// SequenceMap: the body for each tensor of its sequences.
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

void importSequenceMap(Node& node);

}  // namespace mlc::onnx_import
