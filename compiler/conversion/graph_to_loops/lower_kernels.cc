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

  LowerKernelsToLoops() = default;
  LowerKernelsToLoops(const LowerKernelsToLoops& other) : PassWrapper(other) {}

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
      if (!mlir::SymbolTable::symbolKnownUseEmpty(kernel, getOperation())) {
        kernel.emitError("is called: only modules of nothing but kernels can be lowered");
        return signalPassFailure();
      }
      mlir::OpBuilder builder(kernel);
      if (mlir::failed(lowerToLoops(kernel, builder, sharing))) return signalPassFailure();
      kernel.erase();
    }
  }

  Option<Sharing> sharing{
      *this, "sharing", llvm::cl::desc("How threads share a result"),
      llvm::cl::init(Sharing::kRows),
      llvm::cl::values(clEnumValN(Sharing::kRows, "rows", "a contiguous part each, for CPUs"),
                       clEnumValN(Sharing::kElements, "elements", "interleaved, for GPUs"))};
};

}  // namespace

std::unique_ptr<mlir::Pass> createLowerKernelsToLoopsPass() {
  return std::make_unique<LowerKernelsToLoops>();
}

}  // namespace mlc::conversion
