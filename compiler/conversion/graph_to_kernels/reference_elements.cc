#include "compiler/conversion/graph_to_kernels/reference_elements.h"

#include "compiler/dialect/graph/shape.h"

namespace mlc::conversion {
namespace {

mlir::Type asInteger(mlir::Type type) {
  auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor || !isReference(graph::dtypeOf(tensor))) return type;
  return mlir::RankedTensorType::get(
      tensor.getShape(), mlir::IntegerType::get(type.getContext(), 64), tensor.getEncoding());
}

}  // namespace

void makeReferencesIntegers(mlir::func::FuncOp kernel) {
  auto change = [](mlir::Value value) { value.setType(asInteger(value.getType())); };
  kernel.walk([&](mlir::Operation* op) {
    for (mlir::Value result : op->getResults()) change(result);
    for (mlir::Region& region : op->getRegions()) {
      for (mlir::Block& block : region) {
        for (mlir::Value argument : block.getArguments()) change(argument);
      }
    }
  });
  mlir::Operation* end = kernel.getBody().back().getTerminator();
  kernel.setFunctionType(mlir::FunctionType::get(
      kernel.getContext(), kernel.getBody().getArgumentTypes(), end->getOperandTypes()));
}

}  // namespace mlc::conversion
