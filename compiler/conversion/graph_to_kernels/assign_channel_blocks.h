// Lays convolutions, and what lies between them, out in blocks of channels.
//
//   %0 = graph.conv %x, %w, %b            %v = graph.weight "w" {mlc.layout = [pad, reshape, ..]}
//   %1 = graph.relu %0             ==>    %0 = graph.blocked_conv %x5, %v     [N, C / c, H, W, c]
//   %2 = graph.conv %1, %u                %1 = graph.relu (graph.add %0, %b4)
//                                         %2 = graph.blocked_conv %1, %u6
//                                         %3 = graph.reshape (graph.transpose %2)  [N, C, H, W]
//
// A value is made once in the layout that its producer has; an op that has no form on blocks gets
// it back in the order of the graph, and two ops that both have one meet without a copy. An image
// from outside is read as blocks of one channel, which is a view. Filters are packed by the loader.
// Only convolutions of f32 with two spatial dims of known size, a filter that is a weight, and
// either without groups and with output channels in whole blocks (of a vector, or half of one), or
// with one channel per group, as many outputs and an image that lies in blocks already; the others
// stay as they are. Calls of functions with any convolution are inlined before.
#pragma once

#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createAssignChannelBlocksPass(const ChannelBlocks& blocks);

}  // namespace mlc::conversion
