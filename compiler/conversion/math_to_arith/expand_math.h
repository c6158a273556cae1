// The pass expand-math: functions of the math dialect on f32 and f64, scalars or vectors, become
// arithmetic.
//
//   %0 = math.exp %x : vector<16xf32>   ==>   %1 = math.fma %x, %log2e, %shift ...
//
// What is left are ops that processors have: math.fma, sqrt, absf, copysign, floor, ceil,
// roundeven. No function is called, and nothing branches, so that loops vectorize; functions.h says
// how exact the results are.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::math_to_arith {

std::unique_ptr<mlir::Pass> createExpandMathPass();

}  // namespace mlc::math_to_arith
