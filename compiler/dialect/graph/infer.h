// What the definitions of inferReturnTypes share. Private to the dialect.
#pragma once

#include <optional>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/IR/Diagnostics.h"

// Begins the definition of inferReturnTypes of an op. In scope: location, op (the operands and
// attributes), types (the result).
#define MLC_INFER(OpName)                                                                      \
  static llvm::LogicalResult infer##OpName(std::optional<mlir::Location> location,             \
                                           OpName::Adaptor op,                                 \
                                           llvm::SmallVectorImpl<mlir::Type>& types);          \
  llvm::LogicalResult OpName::inferReturnTypes(                                                \
      mlir::MLIRContext*, std::optional<mlir::Location> location, mlir::ValueRange operands,   \
      mlir::DictionaryAttr attributes, mlir::OpaqueProperties properties,                      \
      mlir::RegionRange regions, llvm::SmallVectorImpl<mlir::Type>& types) {                   \
    return infer##OpName(location, OpName::Adaptor(operands, attributes, properties, regions), \
                         types);                                                               \
  }                                                                                            \
  static llvm::LogicalResult infer##OpName(                                                    \
      [[maybe_unused]] std::optional<mlir::Location> location,                                 \
      [[maybe_unused]] OpName::Adaptor op, llvm::SmallVectorImpl<mlir::Type>& types)

namespace mlc::graph {

inline mlir::Type elementTypeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

inline int64_t rankOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getRank();
}

// Fails unless 0 <= axis < rank.
llvm::LogicalResult checkAxis(std::optional<mlir::Location> location, int64_t axis, int64_t rank);

// What sums of products of these elements have: floats their own type, pairs of bytes i32; null for
// what cannot be contracted.
mlir::Type contractElementType(mlir::Type lhs, mlir::Type rhs);

// Fails unless both have the same element type.
llvm::LogicalResult checkSameElementType(std::optional<mlir::Location> location, mlir::Value a,
                                         mlir::Value b);

// Fails, naming `what`, unless two dims are equal.
llvm::LogicalResult checkEqual(std::optional<mlir::Location> location, llvm::StringRef what,
                               const DimExpr& a, const DimExpr& b);

// Broadcasts b into a.
llvm::LogicalResult broadcast(std::optional<mlir::Location> location, Shape& a, const Shape& b);

// Appends the type with this shape; fails if a constant dim is negative.
llvm::LogicalResult inferred(std::optional<mlir::Location> location, llvm::ArrayRef<DimExpr> shape,
                             mlir::Type elementType, llvm::SmallVectorImpl<mlir::Type>& types);

}  // namespace mlc::graph
