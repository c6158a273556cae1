// The work of ops that do not say otherwise.
#include "compiler/dialect/graph/factors.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"

using namespace mlir;

namespace mlc::graph {

DimExpr bytesMoved(Operation* op) {
  DimExpr bytes;
  for (mlir::OpOperand& operand : op->getOpOperands()) {
    const bool takesPart = op->hasTrait<TakesPart>() && operand.getOperandNumber() == 0;
    bytes = bytes + bytesOf(takesPart ? op->getResult(0) : operand.get());
  }
  for (Value result : op->getResults()) bytes = bytes + bytesOf(result);
  return bytes;
}

OpWork defaultWork(Operation* op) {
  if (op->hasTrait<Leaf>() || op->hasTrait<View>()) return {};
  return {op->getNumResults() == 0 ? DimExpr(1) : elementCount(shapeOf(op->getResult(0))),
          bytesMoved(op)};
}

}  // namespace mlc::graph
