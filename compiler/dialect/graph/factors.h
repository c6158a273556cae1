// Factors: an op's iteration dimensions and how its operands and results are indexed by them.
// Sharding, cost, fusion and tiling derive from them.
#pragma once

#include <string>

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Operation.h"
#include "runtime/base/dim_expr.h"

namespace mlc::graph {

enum class FactorKind {
  kParallel,   // independent: splitting it splits what it indexes
  kReduceSum,  // splitting it makes every result a partial sum
  kReduceMax,  // likewise, partial maxima
  kReduceMin,
  kWhole,  // must not be split
};

struct Factor {
  DimExpr size;
  FactorKind kind = FactorKind::kParallel;
};

// The factors that index one dim, major first. Empty: a dim of size 1 that is broadcast along
// (every shard has all of it).
using DimFactors = llvm::SmallVector<int, 2>;
// One entry per dim of the tensor.
using TensorFactors = llvm::SmallVector<DimFactors, 4>;

struct OpFactors {
  llvm::SmallVector<Factor, 4> factors;
  llvm::SmallVector<TensorFactors, 3> operands;
  llvm::SmallVector<TensorFactors, 1> results;
};

// Every result dim is one parallel factor, every operand broadcasts to the result.
OpFactors elementwiseFactors(mlir::Operation* op);

// One parallel factor for each dim of the result; no operands.
OpFactors leafFactors(mlir::Operation* op);

// Every dim of every operand and result is whole.
OpFactors wholeFactors(mlir::Operation* op);

struct OpWork {
  DimExpr operations;  // floating-point or integer operations; a multiply-add is two
  DimExpr bytes;       // read and written, each operand and result once
};

// Bytes of all operands and results; one operation per element of the first result. None for leaves
// and views.
OpWork defaultWork(mlir::Operation* op);

// Bytes of all operands and results; of an operand that an op TakesPart of, what it takes.
DimExpr bytesMoved(mlir::Operation* op);

}  // namespace mlc::graph
