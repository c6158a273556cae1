// The activations that LSTM, GRU and RNN name in their attributes.
#pragma once

#include <string>
#include <vector>

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

struct RecurrentActivation {
  mlir::Value operator()(Emitter& emitter, mlir::Value x) const {
    return apply(emitter, x, alpha, beta);
  }

  mlir::Value (*apply)(Emitter&, mlir::Value, double alpha, double beta);
  double alpha, beta;
};

// Those of all directions, `defaults` for each where the node names none.
std::vector<RecurrentActivation> recurrentActivations(Node& node,
                                                      const std::vector<std::string>& defaults,
                                                      size_t directions);

}  // namespace mlc::onnx_import
