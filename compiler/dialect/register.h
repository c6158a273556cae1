// All dialects that a module can be in, between import and object code.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace mlc {

// Registers graph, dist and the upstream dialects that they are lowered to.
void registerDialects(mlir::DialectRegistry& registry);

}  // namespace mlc
