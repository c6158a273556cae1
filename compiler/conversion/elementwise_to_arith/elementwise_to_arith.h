// Maps elementwise graph ops to arith and math ops, on scalars or vectors alike.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "runtime/base/small_float.h"

namespace mlc::conversion {

// The element type in which a tensor element is computed with: i1 tensors are i1 values, unsigned
// integers become signless ones of the same width, integers of less than a byte i8, and f16, bf16
// and floats of a byte and less f32.
mlir::Type computeType(mlir::Type elementType);

// Whether several elements share a byte of a buffer (runtime/base/dtype.h).
bool isPackedType(mlir::Type elementType);

// The element type of a tensor's buffer: i1 is stored as i8 (0 or 1), unsigned integers as signless
// ones, floats of 8 bits as i8. A buffer of packed elements is one of bytes.
mlir::Type storageType(mlir::Type elementType);

// A stored element (scalar or vector) as a value to compute with, and back. One of a packed type is
// in the low bits of an i8; the others are 0 afterwards, and ignored before.
mlir::Value fromStorage(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value stored,
                        mlir::Type elementType);
mlir::Value toStorage(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value computed,
                      mlir::Type elementType);

// The result of an elementwise op for operands in their compute types, rounded to its element type;
// all scalars, or all vectors of one length.
mlir::Value emitElementwise(mlir::OpBuilder& builder, mlir::Location loc, mlir::Operation* op,
                            mlir::ValueRange operands);

// The value, in its compute type, rounded to the element type: what an op of f16 or bf16 gives,
// whether or not it is stored.
mlir::Value roundTo(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value value,
                    mlir::Type elementType);

// value converted from one tensor element type to another as graph.cast does, in compute types: to
// f16 or bf16 it is to be rounded by roundTo, which then rounds right.
mlir::Value emitCast(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value value,
                     mlir::Type from, mlir::Type to, Conversion conversion = {});

// The elements of a constant as fromStorage takes them, a packed one to a byte.
mlir::DenseElementsAttr storedElements(mlir::DenseElementsAttr elements);

// A constant of a value's type (scalar or splat vector).
mlir::Value constantLike(mlir::OpBuilder& builder, mlir::Location loc, mlir::Type type,
                         double value);

}  // namespace mlc::conversion
