// Computes products of quantized tensors in integers.
//
//   %a = graph.dequantize %qa, %sa, %za           // tensor<?x384xui8> to f32, per tensor
//   %b = graph.dequantize %qb, %sb, %zb {axis = 1}   // tensor<384x1536xi8> to f32, per column
//   %r = graph.contract %a, %b {equation = "mk,kn->mn"}
//
// becomes
//
//   %0 = graph.contract %qa, %qb {equation = "mk,kn->mn"}           // i32, as are the next ones
//   %1 = graph.sub %0, (graph.mul %za, sum over k of %qb)           // constant, for a weight %qb
//   %2 = graph.sub %1, (graph.mul %zb, sum over k of %qa)
//   %3 = graph.add %2, (graph.mul (graph.mul %za, %zb), k)
//   %r = graph.mul (graph.cast %3), (graph.mul %sa, %sb)
//
// without the corrections for zero points that are 0. Scales may be per tensor or per index of a
// dim of the result. Convolutions likewise, of an input with one scale and a filter without a zero
// point; what pads the input then is its zero point. Only where the sums fit i32 for all stored
// values: the integers are then exact, and the result differs from the original by less than the
// original's own rounding.
#pragma once

#include <memory>

#include "compiler/dialect/graph/weight_table.h"
#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

// `weights` tell which zero points are 0; they must outlive the pass.
std::unique_ptr<mlir::Pass> createIntegerContractionsPass(const graph::WeightTable* weights);

}  // namespace mlc::transforms
