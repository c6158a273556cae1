// Emits dimension expressions as index arithmetic.
#pragma once

#include <string>
#include <vector>

#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "runtime/base/dim_expr.h"

namespace mlc::conversion {

// The expression's value, as an index; symbols maps every symbol in it to an index value.
mlir::Value dimToIndex(mlir::OpBuilder& builder, mlir::Location loc, const DimExpr& expr,
                       const llvm::StringMap<mlir::Value>& symbols);

// About the expression's value, as an f64: one that overflows is not taken for a small one.
mlir::Value dimToF64(mlir::OpBuilder& builder, mlir::Location loc, const DimExpr& expr,
                     const llvm::StringMap<mlir::Value>& symbols);

// All symbols in the types and dim attributes below an op, sorted. A lowered kernel takes them as
// index arguments in this order.
std::vector<std::string> symbolsOf(mlir::Operation* op);

}  // namespace mlc::conversion
