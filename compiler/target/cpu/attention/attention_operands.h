// What an attention kernel reads and writes: buffers, and how each is addressed by batch, head,
// position and depth.
#pragma once

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/base/dim_expr.h"

namespace mlc::cpu {

// Transposes between a kernel's arguments, its attention and its result are strides here: nothing
// is moved for them.
struct AttentionOperands {
  // A buffer and its strides, in elements, over four dims of the op. 0: does not move along it.
  struct StridedBuffer {
    mlir::Value tensor;  // a kernel argument or a constant; of the result, the kernel's last value
    llvm::SmallVector<DimExpr, 4> strides;

    mlir::Type element() const;
  };

  graph::AttentionOp op;
  double scale = 1, fill = 0;
  bool causal = false, zeroMasked = false;
  StridedBuffer query, key, value, result;  // over [batch, heads, length, depth]
  // Over [batch, heads, queries, keys]; null tensor: none. Where `keep` is false, scores are
  // `fill`.
  StridedBuffer mask, keep;

  DimExpr batch, kvHeads, group, queries, keys, depth, valueDepth;  // group: heads / kvHeads

  // Fails where the kernel is something else than attention with transposes around it.
  static mlir::FailureOr<AttentionOperands> of(mlir::func::FuncOp kernel);
};

}  // namespace mlc::cpu
