#include "compiler/target/cpu/bfloat16.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::cpu {
namespace {

namespace arith = mlir::arith;
namespace LLVM = mlir::LLVM;
using mlir::Type;
using mlir::Value;

bool isBFloat16(Type type) { return mlir::getElementTypeOrSelf(type).isBF16(); }

Type withElement(Type type, Type element) {
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(type)) return vector.clone(element);
  return element;
}

struct ConvertIntegersThroughF32
    : mlir::PassWrapper<ConvertIntegersThroughF32, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConvertIntegersThroughF32)

  llvm::StringRef getArgument() const override { return "convert-integers-through-f32"; }

  void runOnOperation() override {
    getOperation().walk([](mlir::Operation* op) {
      if (!mlir::isa<arith::SIToFPOp, arith::UIToFPOp>(op)) return;
      Value result = op->getResult(0);
      const Type narrow = result.getType();
      if (!isBFloat16(narrow)) return;
      mlir::OpBuilder builder(op->getContext());
      builder.setInsertionPointAfter(op);
      result.setType(withElement(narrow, builder.getF32Type()));
      auto truncated = arith::TruncFOp::create(builder, op->getLoc(), narrow, result);
      result.replaceAllUsesExcept(truncated, truncated);
    });
  }
};

struct AccessBFloat16AsIntegers
    : mlir::PassWrapper<AccessBFloat16AsIntegers, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AccessBFloat16AsIntegers)

  llvm::StringRef getArgument() const override { return "access-bfloat16-as-integers"; }

  void runOnOperation() override {
    llvm::SmallVector<LLVM::LoadOp> loads;
    getOperation().walk([&](mlir::Operation* op) {
      if (auto store = mlir::dyn_cast<LLVM::StoreOp>(op)) {
        auto cast = store.getValue().getDefiningOp<LLVM::BitcastOp>();
        if (cast && isBFloat16(store.getValue().getType()))
          store.getValueMutable().assign(cast.getArg());
      } else if (auto load = mlir::dyn_cast<LLVM::LoadOp>(op)) {
        if (isBFloat16(load.getType())) loads.push_back(load);
      }
    });
    for (LLVM::LoadOp load : loads) loadInteger(load);
  }

 private:
  static void loadInteger(LLVM::LoadOp load) {
    const Type integer = withElement(load.getType(), mlir::IntegerType::get(load.getContext(), 16));
    for (mlir::Operation* user : load->getUsers()) {
      if (!mlir::isa<LLVM::BitcastOp>(user) || user->getResult(0).getType() != integer) return;
    }
    load.getResult().setType(integer);
    for (mlir::Operation* user : llvm::make_early_inc_range(load->getUsers())) {
      user->getResult(0).replaceAllUsesWith(load.getResult());
      user->erase();
    }
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> createConvertIntegersThroughF32Pass() {
  return std::make_unique<ConvertIntegersThroughF32>();
}

std::unique_ptr<mlir::Pass> createAccessBFloat16AsIntegersPass() {
  return std::make_unique<AccessBFloat16AsIntegers>();
}

}  // namespace mlc::cpu
