// exp, log, tanh, erf, sin and cos in double precision as arithmetic: NVPTX has no instructions for
// them and no library is linked.
//
// Relative errors are a few units in the last place (sin, cos: for arguments below 1e5).
// Infinities, zeros and NaN as in C. What is in single precision is left to MLIR's polynomial
// approximations.
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace mlc::gpu {

llvm::LogicalResult expandDoubleMath(mlir::ModuleOp module);

}  // namespace mlc::gpu
