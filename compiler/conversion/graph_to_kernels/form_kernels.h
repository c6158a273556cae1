// Fuses graph ops into kernels and outlines each as a private function.
//
//   %0 = graph.contract %x, %w            %2 = call @contract_5f..(%x, %w, %b)
//   %1 = graph.add %0, %b          ==>
//   %2 = graph.gelu %1                    func.func private @contract_5f..(..) attributes {mlc.kernel} {
//                                           contract, add, gelu
//                                         }
//
// A kernel has at most one root that is not elementwise or movement: a contraction, convolution,
// reduction, norm, softmax, attention, pooling. It has several results where its root has, or where
// the operand of a norm is needed elsewhere too (a residual sum). Elementwise ops join the producer
// of their operand where it has no other user and the same shape; elementwise producers of a
// reduction, norm or softmax join it. Transposes before and after an attention join it. Where a
// weight in blocks feeds one contraction only, its dequantize joins that, which then reads the
// stored elements (KernelPolicy::packedLayout). Small constants and sizes are cloned into the
// kernels that use them. Kernels with the same text are one function, named after the root and the
// text's hash.
//
// What stays in the host functions: calls of kernels and blocks, reshapes (views), weights,
// collectives, if, loop and fail_if.
#pragma once

#include <functional>
#include <memory>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

// How convolutions lie on a target: channels in blocks of a vector, or half of one.
struct ChannelBlocks {
  int64_t vector = 0;        // f32 elements of a vector
  int64_t panelVectors = 0;  // vectors of output channels that a micro-kernel computes at once

  // Output channels of a panel of a filter without groups: whole vectors, as evenly shared among
  // the fewest panels as they can be.
  int64_t panelChannels(int64_t channels) const {
    const int64_t vectors = (channels + vector - 1) / vector;
    const int64_t panels = (vectors + panelVectors - 1) / panelVectors;
    return (vectors + panels - 1) / panels * vector;
  }
};

// What differs between targets.
struct KernelPolicy {
  // If null, convolutions stay in the order N, C, spatial dims.
  std::optional<ChannelBlocks> channelBlocks;
  // The layout in which a weight on the right side of this contraction should arrive; null:
  // row-major. Where the right side is a dequantize: the layout of its stored elements; scales and
  // zero points arrive alike, with groups of 1.
  std::function<attr::PanelsAttr(graph::ContractOp)> packedLayout;
  // Whether the target has a kernel for this attention; if null or not, it is decomposed.
  std::function<bool(graph::AttentionOp)> keepsAttention;
};

// The pass "form-kernels".
std::unique_ptr<mlir::Pass> createFormKernelsPass(KernelPolicy policy = {});

}  // namespace mlc::conversion
