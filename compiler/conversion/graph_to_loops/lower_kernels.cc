#include "compiler/conversion/graph_to_loops/lower_kernels.h"

#include "compiler/conversion/graph_to_loops/lower_to_loops.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {
namespace {

using mlir::func::FuncOp;

struct LowerKernelsToLoops
    : mlir::PassWrapper<LowerKernelsToLoops, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerKernelsToLoops)

  explicit LowerKernelsToLoops(Sharing sharing) : sharing(sharing) {}

  llvm::StringRef getArgument() const override { return "lower-kernels-to-loops"; }
  llvm::StringRef getDescription() const override {
    return "Lower kernels to loops over their elements";
  }
  void getDependentDialects(mlir::DialectRegistry& registry) const override {
    registry.insert<attr::MlcDialect, mlir::arith::ArithDialect, mlir::math::MathDialect,
                    mlir::memref::MemRefDialect, mlir::scf::SCFDialect>();
  }

  void runOnOperation() override {
    for (FuncOp kernel : llvm::make_early_inc_range(getOperation().getOps<FuncOp>())) {
      if (!attr::isKernel(kernel)) continue;
      mlir::OpBuilder builder(kernel);
      if (mlir::failed(lowerToLoops(kernel, builder, sharing))) return signalPassFailure();
      kernel.erase();
    }
  }

  Sharing sharing;
};

}  // namespace

std::unique_ptr<mlir::Pass> createLowerKernelsToLoopsPass(Sharing sharing) {
  return std::make_unique<LowerKernelsToLoops>(sharing);
}

}  // namespace mlc::conversion
