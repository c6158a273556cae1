// Decomposes graph.attention into contractions and a softmax, which the kernel generators take.
//
//   %r = graph.attention %q, %k, %v, %mask {scale}
//     ==>
//   %s = graph.contract %q, %k {equation = "bhqd,bhkd->bhqk"}
//   %t = graph.add (graph.mul %s, scale), %mask
//   %p = graph.softmax %t {axis = 3}
//   %r = graph.contract %p, %v {equation = "bhqk,bhkd->bhqd"}
//
// f16 and bf16 are cast to f32 first and back at the end: scores are not stored in them. A `keep`
// is a select before the mask. Grouped key and value heads become a further dim; a causal mask is a
// comparison of two iotas.
// Attention that the target has a kernel for stays.
#pragma once

#include <memory>

#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createDecomposeAttentionPass(const KernelPolicy& policy = {});

}  // namespace mlc::conversion
