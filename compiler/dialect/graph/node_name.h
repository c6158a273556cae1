// The node of the user's model that an op comes from, for messages.
#pragma once

#include <string>

#include "mlir/IR/Operation.h"

namespace mlc::graph {

// Empty where no location says it. Of ops that were fused, the first one's.
std::string nodeNameOf(mlir::Location location);

// The op's own name where its location has none.
std::string nodeNameOf(mlir::Operation* op);

}  // namespace mlc::graph
