// Tensor types with symbolic dims: conversion between types and vectors of DimExpr.
#pragma once

#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "runtime/base/dim_expr.h"
#include "runtime/base/dtype.h"
#include "runtime/base/status.h"

namespace mlc::graph {

class DimsAttr;

using Shape = llvm::SmallVector<DimExpr, 4>;

// The dims of a tensor type. A dynamic dim without an encoding (upstream's types) becomes the
// symbol "?": never equal in meaning.
Shape shapeOf(mlir::Type type);
Shape shapeOf(mlir::Value value);

// The type with these dims: constant ones static, others dynamic with the encoding
// #graph.dims<...>.
mlir::RankedTensorType tensorType(llvm::ArrayRef<DimExpr> shape, mlir::Type elementType);

// Product of all dims.
DimExpr elementCount(llvm::ArrayRef<DimExpr> shape);

// Bytes of a tensor, row-major and without gaps.
DimExpr bytesOf(llvm::ArrayRef<DimExpr> shape, DType type);
DimExpr bytesOf(mlir::Value value);

// Fails with a message naming the two dims unless they are one expression. What is not proved equal
// is not equal here: a frontend states what it needs (compiler/import/shape) and reshapes.
Status checkEqual(const DimExpr& a, const DimExpr& b);

// Numpy broadcast of two shapes; fails with a message naming the two dims. Static dims of 1
// stretch; others must be equal. What may be 1 needs a graph.broadcast before.
StatusOr<Shape> broadcastShapes(llvm::ArrayRef<DimExpr> a, llvm::ArrayRef<DimExpr> b);

// Whether a tensor with these dims broadcasts to `to` so.
bool broadcastsTo(llvm::ArrayRef<DimExpr> from, llvm::ArrayRef<DimExpr> to);

// Whether a dim, broadcast to `to`, stretches for some sizes and not for others: it is not 1
// always, and not proved equal.
bool mayStretch(const DimExpr& from, const DimExpr& to);

// A #graph.dims attribute of expressions, and back.
DimsAttr dimsAttr(mlir::MLIRContext* context, llvm::ArrayRef<DimExpr> exprs);
Shape exprsOf(DimsAttr attr);

// Element types: MLIR's integer types are signless but for u8, u16, u32, u64, which are unsigned
// (ui8, ...); i1 is bool. i4 and i2 are packed in memory.
mlir::Type elementType(mlir::MLIRContext* context, DType type);
DType dtypeOf(mlir::Type elementOrTensorType);

// What a sequence or optional holds, as the manifest names it: "f32", "sequence(f32)"; else "".
std::string heldTypeText(mlir::Type elementOrTensorType);

}  // namespace mlc::graph
