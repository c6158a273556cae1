// Rewrites graph.quantize and graph.dequantize as elementwise ops, which fuse with their
// neighbours: into the epilogue of the contraction before them, above all.
//
//   %q = graph.quantize %x, %s, %z
//   %y = graph.dequantize %q, %s, %z
//     ==>
//   %q = graph.cast (graph.add (graph.round (graph.div %x, %s)), (graph.cast %z))
//   %y = graph.mul (graph.cast (graph.sub (graph.cast %q), (graph.cast %z))), %s
//
// Quotients are f32, differences i32. Zero points of 0 are left out. A vector of scales along an
// axis is reshaped to broadcast. The dequantization of a weight or constant stays as it is: it
// would be folded to a tensor of four times the size.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

std::unique_ptr<mlir::Pass> createDecomposeQuantizationPass();

}  // namespace mlc::transforms
