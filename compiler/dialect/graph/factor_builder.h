// How the definitions of getFactors build their answer. Private to the dialect.
#pragma once

#include "compiler/dialect/graph/factors.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"

namespace mlc::graph {

class FactorBuilder {
 public:
  // Begins with no factors, and every dim of the operands and results indexed by none.
  explicit FactorBuilder(mlir::Operation* op);

  int add(DimExpr size, FactorKind kind);

  // Appends a factor to those that index a dim.
  void indexOperand(int operand, int64_t dim, int factor) {
    factors_.operands[operand][dim].push_back(factor);
  }
  void indexResult(int64_t dim, int factor, int result = 0) {
    factors_.results[result][dim].push_back(factor);
  }

  // One factor of the dim's size that indexes the same dim of operand 0 and of result 0.
  int addSame(int64_t dim, FactorKind kind);

  // Indexes the dims of an operand, aligned at the right, as numpy broadcasts them to dims indexed
  // by `target`; static dims of size 1 that stretch stay unindexed.
  void broadcastOperand(int operand, llvm::ArrayRef<DimExpr> targetShape,
                        llvm::ArrayRef<DimFactors> target);

  // A whole factor of its own for a dim.
  void wholeOperandDim(int operand, int64_t dim) {
    indexOperand(operand, dim, add(operandShape(operand)[dim], FactorKind::kWhole));
  }
  void wholeResultDim(int64_t dim, int result = 0) {
    indexResult(dim, add(resultShape(result)[dim], FactorKind::kWhole), result);
  }

  Shape operandShape(int operand) const { return shapeOf(op_->getOperand(operand)); }
  Shape resultShape(int result = 0) const { return shapeOf(op_->getResult(result)); }
  const TensorFactors& resultFactors(int result = 0) const { return factors_.results[result]; }

  OpFactors take() { return std::move(factors_); }

 private:
  mlir::Operation* op_;
  OpFactors factors_;
};

}  // namespace mlc::graph
