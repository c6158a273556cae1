// Strings in kernels.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::conversion {

// Gives elements that are references the type of the integers that they are in memory: a kernel
// moves and compares them (equal strings have equal references), and looks behind none.
//
//   func.func @kernel(%x: tensor<4x!graph.string>)   ==>   func.func @kernel(%x: tensor<4xi64>)
void makeReferencesIntegers(mlir::func::FuncOp kernel);

}  // namespace mlc::conversion
