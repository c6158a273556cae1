// What a model must be before its import begins.
#pragma once

#include "compiler/import/onnx/onnx.pb.h"
#include "compiler/import/onnx/op_table.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

// kInvalid for versions that are not known; else kUnsupported with every op, attribute and type of
// the model that is not taken, one a line: "op FooBar (3 nodes, first 'node_name')". Looks into
// subgraphs and functions.
Status checkModel(const onnx::ModelProto& model, const OpTable& ops);

}  // namespace mlc::onnx_import
