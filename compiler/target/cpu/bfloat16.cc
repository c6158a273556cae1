#include "compiler/target/cpu/bfloat16.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::cpu {
namespace {

namespace arith = mlir::arith;
namespace LLVM = mlir::LLVM;
using mlir::Attribute;
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

struct RepresentBFloat16AsIntegers
    : mlir::PassWrapper<RepresentBFloat16AsIntegers, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RepresentBFloat16AsIntegers)

  llvm::StringRef getArgument() const override { return "represent-bfloat16-as-integers"; }

  void runOnOperation() override {
    const Type integer = mlir::IntegerType::get(&getContext(), 16);
    mlir::AttrTypeReplacer replacer;
    replacer.addReplacement([&](mlir::BFloat16Type) { return std::optional<Type>(integer); });
    replacer.addReplacement([&](mlir::FloatAttr value) -> std::optional<Attribute> {
      if (!isBFloat16(value.getType())) return std::nullopt;
      return mlir::IntegerAttr::get(integer, value.getValue().bitcastToAPInt());
    });
    replacer.addReplacement([&](mlir::DenseElementsAttr values) -> std::optional<Attribute> {
      if (!isBFloat16(values.getElementType())) return std::nullopt;
      return values.bitcast(integer);
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false, /*replaceTypes=*/true);
    getOperation().walk([](LLVM::BitcastOp cast) {
      if (cast.getType() != cast.getArg().getType()) return;
      cast.getResult().replaceAllUsesWith(cast.getArg());
      cast.erase();
    });
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> createConvertIntegersThroughF32Pass() {
  return std::make_unique<ConvertIntegersThroughF32>();
}

std::unique_ptr<mlir::Pass> createRepresentBFloat16AsIntegersPass() {
  return std::make_unique<RepresentBFloat16AsIntegers>();
}

}  // namespace mlc::cpu
