// Recognizes constant operands in rewrite patterns.
#pragma once

#include <optional>

#include "mlir/IR/Value.h"

namespace mlc::transforms {

// The number that every element of a graph.constant is, looking through reshapes, broadcasts and
// transposes. Bools are 0 and 1.
std::optional<double> splatOf(mlir::Value value);

// Whether all elements are this number.
bool isSplat(mlir::Value value, double number);

// Whether every operand of a chain that makes the value is a constant or a weight.
bool isWeightOrConstant(mlir::Value value);

}  // namespace mlc::transforms
