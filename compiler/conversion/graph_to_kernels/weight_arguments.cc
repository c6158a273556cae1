#include "compiler/conversion/graph_to_kernels/weight_arguments.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::conversion {

using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;

bool isWeight(Value value) { return mlir::isa_and_nonnull<graph::WeightOp>(value.getDefiningOp()); }

WeightArguments weightArguments(mlir::ModuleOp module) {
  WeightArguments passed;
  module.walk([&](CallOp call) {
    auto callee = module.lookupSymbol<FuncOp>(call.getCallee());
    for (auto [argument, operand] : llvm::zip(callee.getArguments(), call.getOperands())) {
      passed[argument].push_back(operand);
    }
  });
  WeightArguments result;
  for (auto& [argument, operands] : passed) {
    if (llvm::all_of(operands, isWeight)) result[argument] = operands;
  }
  return result;
}

}  // namespace mlc::conversion
