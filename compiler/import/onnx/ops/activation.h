// Activations of several steps, shared by the families that apply them. Operands are of a type in
// which the steps may be rounded.
#pragma once

#include "compiler/import/onnx/emitter.h"

namespace mlc::onnx_import {

// x * factor.
mlir::Value scaled(Emitter& emitter, mlir::Value x, double factor);

// x where x >= 0, else `negative`.
mlir::Value whereNegative(Emitter& emitter, mlir::Value x, mlir::Value negative);

mlir::Value elu(Emitter& emitter, mlir::Value x, double alpha);
mlir::Value hardSigmoid(Emitter& emitter, mlir::Value x, double alpha, double beta);
mlir::Value leakyRelu(Emitter& emitter, mlir::Value x, double alpha);
mlir::Value softsign(Emitter& emitter, mlir::Value x);

}  // namespace mlc::onnx_import
