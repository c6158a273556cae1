// Recognizes sums and products in whatever order exporters wrote them.
#pragma once

#include <optional>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/transforms/constant_match.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "mlir/IR/Value.h"

namespace mlc::transforms {

// Of `value` = OpType(a, b) with a commutative op: the operand beside the first that satisfies the
// predicate. Null if there is none.
template <typename OpType>
mlir::Value operandBeside(mlir::Value value, llvm::function_ref<bool(mlir::Value)> isOther) {
  auto op = value.getDefiningOp<OpType>();
  if (!op) return {};
  if (isOther(op.getRhs())) return op.getLhs();
  if (isOther(op.getLhs())) return op.getRhs();
  return {};
}

// value = x * factor, with a number as factor.
struct Scaled {
  mlir::Value value;
  double factor;
};

// Looks through multiplications and divisions by numbers that keep the type.
Scaled scaledValue(mlir::Value value);

// value = product of factors and numbers. Multiplications are taken apart except for `atoms`,
// powers by small integers become repeated factors.
struct Product {
  double power = 1;  // the product of the numbers that are powers of two, which is exact
  // Another number that the rest is multiplied with, or divided by.
  struct Number {
    double value;
    mlir::Type type;
    bool divides;
  };
  llvm::SmallVector<Number, 2> numbers;
  llvm::SmallVector<mlir::Value, 4> factors;

  // Whether the factors are these, in any order, and the numbers `expected` as the model can state
  // it: rounded to the type of the one number that is no power of two.
  bool is(double expected, llvm::ArrayRef<mlir::Value> values) const;
};
Product productOf(mlir::Value value, llvm::ArrayRef<mlir::Value> atoms);

}  // namespace mlc::transforms
