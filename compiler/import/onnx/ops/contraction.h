// Products of tensors as graph.contract, shared by the families that multiply.
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

// numpy.matmul: leading dims broadcast, vectors have no row or column.
mlir::Value matmul(Node& node, mlir::Value a, mlir::Value b);

// graph.contract, with the dims of equal letters made equal; letters that only one operand has and
// the result lacks are summed first.
mlir::Value contract(Node& node, mlir::Value a, mlir::Value b, std::string aLetters,
                     std::string bLetters, const std::string& result);

}  // namespace mlc::onnx_import
