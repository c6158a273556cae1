// Two passes that keep bf16 out of what LLVM sees: even to move such values it may call library
// functions that need not be there. Between them, arith-expand makes conversions
// integer arithmetic.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::cpu {

// Integers become bf16 through f32:
//
//   arith.sitofp %0 : i8 to bf16   ==>   %1 = arith.sitofp %0 : i8 to f32
//                                        arith.truncf %1 : f32 to bf16
std::unique_ptr<mlir::Pass> createConvertIntegersThroughF32Pass();

// All that is left of bf16 are moves and bit casts; its values become 16-bit integers everywhere:
//
//   %1 = llvm.bitcast %0 : i16 to bf16   ==>   llvm.store %0, %p : i16
//   llvm.store %1, %p : bf16
std::unique_ptr<mlir::Pass> createRepresentBFloat16AsIntegersPass();

}  // namespace mlc::cpu
