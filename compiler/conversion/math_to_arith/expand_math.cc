#include "compiler/conversion/math_to_arith/expand_math.h"

#include "compiler/conversion/math_to_arith/functions.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlc::math_to_arith {
namespace {

namespace math = mlir::math;

// Op with all its operands of one type.
template <typename Op, auto function>
struct Expand : mlir::OpRewritePattern<Op> {
  using mlir::OpRewritePattern<Op>::OpRewritePattern;

  llvm::LogicalResult matchAndRewrite(Op op, mlir::PatternRewriter& rewriter) const override {
    const mlir::Type element = mlir::getElementTypeOrSelf(op.getType());
    if (!element.isF32() && !element.isF64()) return mlir::failure();
    Arithmetic arithmetic(rewriter, op.getLoc(), op.getType());
    if constexpr (std::is_same_v<Op, math::PowFOp>) {
      rewriter.replaceOp(op, function(arithmetic, op.getLhs(), op.getRhs()));
    } else {
      rewriter.replaceOp(op, function(arithmetic, op.getOperand()));
    }
    return mlir::success();
  }
};

struct ExpandMath : mlir::PassWrapper<ExpandMath, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMath)

  llvm::StringRef getArgument() const override { return "expand-math"; }
  llvm::StringRef getDescription() const override {
    return "Replace functions of the math dialect by arithmetic.";
  }
  void getDependentDialects(mlir::DialectRegistry& registry) const override {
    registry.insert<mlir::arith::ArithDialect, math::MathDialect>();
  }

  void runOnOperation() override {
    mlir::RewritePatternSet patterns(&getContext());
    patterns
        .add<Expand<math::ExpOp, exp>, Expand<math::ExpM1Op, expm1>, Expand<math::LogOp, log>,
             Expand<math::Log1pOp, log1p>, Expand<math::PowFOp, pow>, Expand<math::SinOp, sin>,
             Expand<math::CosOp, cos>, Expand<math::TanOp, tan>, Expand<math::AsinOp, asin>,
             Expand<math::AcosOp, acos>, Expand<math::AtanOp, atan>, Expand<math::SinhOp, sinh>,
             Expand<math::CoshOp, cosh>, Expand<math::TanhOp, tanh>, Expand<math::AsinhOp, asinh>,
             Expand<math::AcoshOp, acosh>, Expand<math::AtanhOp, atanh>, Expand<math::ErfOp, erf>>(
            &getContext());
    if (mlir::failed(mlir::applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> createExpandMathPass() { return std::make_unique<ExpandMath>(); }

}  // namespace mlc::math_to_arith
