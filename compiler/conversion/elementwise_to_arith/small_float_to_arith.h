// Elements of less than two bytes as numbers: 4 and 8-bit floats, and integers of less than a byte.
// Private to elementwise_to_arith.
//
// No target has instructions for these formats, so they are taken apart with integer arithmetic, on
// scalars and vectors alike. runtime/base/small_float.h has the formats and rules.
#pragma once

#include "mlir/IR/Builders.h"
#include "runtime/base/small_float.h"

namespace mlc::conversion {

bool isSmallFloatType(mlir::Type elementType);

// Bits (i8) as f32.
mlir::Value decodeSmallFloat(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value bits,
                             mlir::Type elementType);

// f32 or f64 rounded to the type: bits in i8.
mlir::Value encodeSmallFloat(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value value,
                             mlir::Type elementType, Conversion conversion);

// The number (i8) that the low bits of a byte are in an integer type of less than a byte.
mlir::Value keepLowBits(mlir::OpBuilder& builder, mlir::Location loc, mlir::Value bytes,
                        mlir::Type elementType);

}  // namespace mlc::conversion
