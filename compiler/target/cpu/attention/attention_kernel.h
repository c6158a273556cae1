// Lowers kernels of one attention, with the transposes around it, to micro-kernel code: the scores
// of a few queries and keys at a time stay in cache, and nothing of size queries x keys is ever in
// memory.
//
//   func.func private @kernel(%q, %k, %v, %mask) {
//     %0 = graph.transpose %q                                  for (head, block of queries):
//     %1 = graph.attention %0, %k, %v, %mask {scale}             for each block of keys:
//     %2 = graph.transpose %1                         ==>          scores = scale q k^T + mask
//     return %2                                                    maximum, sum, weights: online
//                                                                  sums = rescaled sums + weights v
//                                                                result = sums / sum
//
// Where the op has a `keep` and it is false, the score is the fill, to which the mask is added.
//
// The algorithm is that of "FlashAttention" (Dao et al., 2022, section 3.1) with the maximum and
// the sum of Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018). Scores,
// statistics and sums are f32 whatever the tensors' type is. The lowered function is as in
// contract/contract_kernel.h.
#pragma once

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/attention/attention_operands.h"
#include "compiler/target/cpu/cpu_target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace mlc::cpu {

// Whether there is code for such an attention; else it is to be decomposed.
bool hasAttentionKernel(graph::AttentionOp op);

// What the kernel reads and writes; fails where there is no code for it.
mlir::FailureOr<AttentionOperands> matchAttention(mlir::func::FuncOp kernel);

// Makes the lowered function of the kernel that these are the operands of, under the same name,
// where `intoModule` stands.
mlir::func::FuncOp lowerAttentionKernel(mlir::func::FuncOp kernel,
                                        const AttentionOperands& operands, const CpuTarget& target,
                                        mlir::OpBuilder& intoModule);

}  // namespace mlc::cpu
