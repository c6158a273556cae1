#include "compiler/conversion/graph_to_kernels/moved_yields.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {
namespace {

mlir::Value throughReshapes(mlir::Value value) {
  while (auto reshape = value.getDefiningOp<graph::ReshapeOp>()) value = reshape.getInput();
  return value;
}

void copyMovedYields(mlir::ModuleOp module) {
  module.walk([](graph::LoopOp loop) {
    mlir::Block& body = loop.getBody().front();
    mlir::Operation* yield = body.getTerminator();
    mlir::OpBuilder builder(yield);
    for (mlir::OpOperand& operand : yield->getOpOperands()) {
      auto argument = mlir::dyn_cast<mlir::BlockArgument>(throughReshapes(operand.get()));
      // Yields are (condition, carried...), arguments (iteration, condition, carried...).
      if (!argument || argument.getOwner() != &body ||
          argument.getArgNumber() == operand.getOperandNumber() + 1) {
        continue;
      }
      operand.set(graph::BroadcastOp::create(builder, yield->getLoc(), operand.get().getType(),
                                             operand.get()));
    }
  });
}

struct CopyMovedYields : mlir::PassWrapper<CopyMovedYields, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CopyMovedYields)

  llvm::StringRef getArgument() const override { return "copy-moved-yields"; }
  llvm::StringRef getDescription() const override {
    return "Copy what loops move between their carried values";
  }

  void runOnOperation() override { copyMovedYields(getOperation()); }
};

}  // namespace

std::unique_ptr<mlir::Pass> createCopyMovedYieldsPass() {
  return std::make_unique<CopyMovedYields>();
}

}  // namespace mlc::conversion
