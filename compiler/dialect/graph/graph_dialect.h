// The graph dialect: a model, normalised. See docs/architecture.md and the .td files, one per op
// family.
#pragma once

#include "compiler/dialect/graph/evaluation_context.h"
#include "compiler/dialect/graph/factors.h"
#include "compiler/dialect/graph/traits.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// The names of the ops that elementwise ops lower to.
#include "mlir/Dialect/Arith/IR/ArithOps.h.inc"
#include "mlir/Dialect/Math/IR/MathOps.h.inc"

namespace mlc {
class HostTensor;
}

#include "compiler/dialect/graph/graph_enums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/graph/graph_attributes.h.inc"
#include "compiler/dialect/graph/graph_dialect.h.inc"
#include "compiler/dialect/graph/graph_interfaces.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/graph/graph_types.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/graph/graph_ops.h.inc"
