// The loops of a contraction or convolution: which dims there are, and how each buffer is addressed
// by them.
#pragma once

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/target/cpu/contract/kernel_builder.h"
#include "llvm/ADT/SmallVector.h"
#include "runtime/base/dim_expr.h"

namespace mlc::cpu {

// Buffers are numbered: the left and the right operand, the result, then the operands of the
// epilogue.
enum Buffer : int { kLhs = 0, kRhs = 1, kOut = 2, kFirstEpilogueBuffer = 3 };

struct LoopDim {
  DimExpr size;
  // In elements, one per buffer; 0: the buffer does not move along this dim.
  llvm::SmallVector<DimExpr, 4> strides;

  bool isContiguous(int buffer) const { return strides[buffer] == DimExpr(1); }
  bool isBroadcast(int buffer) const { return strides[buffer] == DimExpr(0); }
};
using LoopDims = llvm::SmallVector<LoopDim, 2>;  // major first

// result[batch, m, n] = epilogue(sum over k of lhs[batch, m, k] * rhs[batch, k, n])
struct LoopNest {
  LoopDims batch, m, n, k;

  // Drops dims of size 1 and joins neighbours that every buffer walks through as if they were one
  // dim.
  void collapse();

  // Exchanges the roles of the left and right operand.
  void swapSides();
};

DimExpr sizeOf(const LoopDims& dims);

// The offset of position `index` (counted row-major over dims) in a buffer.
mlir::Value offsetOf(KernelBuilder& k, const LoopDims& dims, mlir::Value index, int buffer);

// Row-major strides of a shape.
llvm::SmallVector<DimExpr, 4> stridesOf(llvm::ArrayRef<DimExpr> shape);

// The strides, over the dims of `shape`, of an operand that broadcasts to it as numpy does.
llvm::SmallVector<DimExpr, 4> broadcastStrides(llvm::ArrayRef<DimExpr> operand,
                                               llvm::ArrayRef<DimExpr> shape);

// The loops of an einsum, not collapsed. Dims of k and n keep the right operand's order if
// rhsOrder, else n the result's and k the left's. `epilogue`: shapes of the epilogue's operands.
LoopNest contractLoops(const graph::ContractEquation& equation, const graph::Shape& lhs,
                       const graph::Shape& rhs, llvm::ArrayRef<graph::Shape> epilogue,
                       bool rhsOrder);

}  // namespace mlc::cpu
