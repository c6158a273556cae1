#include "compiler/conversion/graph_to_kernels/move_weights_right.h"

#include "compiler/conversion/graph_to_kernels/weight_arguments.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::conversion {
namespace {

using mlir::Value;

struct MoveWeightsRight : mlir::PassWrapper<MoveWeightsRight, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MoveWeightsRight)

  llvm::StringRef getArgument() const override { return "move-weights-right"; }
  llvm::StringRef getDescription() const override {
    return "Make weights the right sides of contractions";
  }

  void runOnOperation() override {
    const WeightArguments arguments = weightArguments(getOperation());
    auto weight = [&](Value value) {
      if (auto dequantize = value.getDefiningOp<graph::DequantizeOp>())
        value = dequantize.getBlockSize() > 0 ? dequantize.getInput() : value;
      return isWeight(value) || arguments.contains(value);
    };
    getOperation().walk([&](graph::ContractOp op) {
      if (!weight(op.getLhs()) || weight(op.getRhs())) return;
      auto [operands, result] = op.getEquation().split("->");
      auto [lhs, rhs] = operands.split(",");
      op.setEquation((rhs + "," + lhs + "->" + result).str());
      Value left = op.getLhs();
      op.getLhsMutable().assign(op.getRhs());
      op.getRhsMutable().assign(left);
    });
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> createMoveWeightsRightPass() {
  return std::make_unique<MoveWeightsRight>();
}

}  // namespace mlc::conversion
