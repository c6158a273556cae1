// The block arguments that stand for weights.
#pragma once

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Value.h"

namespace mlc::conversion {

// Whether it is the result of a graph.weight.
bool isWeight(mlir::Value value);

// Block arguments that are weights at every call, and the values that calls pass for them.
using WeightArguments = llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>>;
WeightArguments weightArguments(mlir::ModuleOp module);

}  // namespace mlc::conversion
