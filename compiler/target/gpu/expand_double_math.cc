#include "compiler/target/gpu/expand_double_math.h"

#include <limits>
#include <numbers>

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlc::gpu {
namespace {

namespace arith = mlir::arith;
namespace math = mlir::math;
using mlir::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Double-precision scalars.
class Doubles {
 public:
  Doubles(mlir::OpBuilder& builder, mlir::Location loc) : b_(builder), loc_(loc) {}

  Value exp(Value x) {
    // x = n ln 2 + r; 2^n in two factors, so that both are normal numbers.
    Value bounded = min(max(x, number(-746)), number(710));
    Value n = math::RoundEvenOp::create(b_, loc_, mul(bounded, number(std::numbers::log2e)));
    Value r = sub(sub(bounded, mul(n, number(0x1.62e42fee00000p-1))),
                  mul(n, number(0x1.a39ef35793c76p-33)));
    Value sum = number(1);
    for (int k = 14; k >= 1; --k) sum = add(number(1), div(mul(r, sum), number(k)));
    Value integer = arith::FPToSIOp::create(b_, loc_, b_.getI64Type(), n);
    Value half = arith::ShRSIOp::create(b_, loc_, integer, bits(1));
    Value rest = arith::SubIOp::create(b_, loc_, integer, half);
    Value result = mul(mul(sum, powerOfTwo(half)), powerOfTwo(rest));
    result = select(greater(x, number(709.79)), number(kInfinity), result);
    result = select(less(x, number(-745.2)), number(0), result);
    return keepNan(x, result);
  }

  Value log(Value x) {
    // x = 2^e m, with m around 1: log m = 2 atanh f.
    Value isTiny = less(x, number(0x1p-1000));
    Value scaled = select(isTiny, mul(x, number(0x1p54)), x);
    Value raw = arith::BitcastOp::create(b_, loc_, b_.getI64Type(), scaled);
    // Shifted so that the mantissa's top falls at sqrt(2).
    Value shifted = arith::SubIOp::create(b_, loc_, raw, bits(0x3fe6a09e667f3bcd));
    Value exponent = arith::ShRSIOp::create(b_, loc_, shifted, bits(52));
    Value mantissa =
        arith::SubIOp::create(b_, loc_, raw, arith::ShLIOp::create(b_, loc_, exponent, bits(52)));
    Value m = arith::BitcastOp::create(b_, loc_, b_.getF64Type(), mantissa);
    Value e = arith::SIToFPOp::create(b_, loc_, b_.getF64Type(), exponent);
    e = select(isTiny, sub(e, number(54)), e);
    Value f = div(sub(m, number(1)), add(m, number(1))), square = mul(f, f);
    Value sum = number(1.0 / 23);
    for (int k = 21; k >= 3; k -= 2) sum = add(number(1.0 / k), mul(square, sum));
    Value small = add(mul(number(2), f), mul(mul(number(2), f), mul(square, sum)));
    Value result = add(mul(e, number(0x1.62e42fee00000p-1)),
                       add(small, mul(e, number(0x1.a39ef35793c76p-33))));
    result = select(equal(x, number(kInfinity)), number(kInfinity), result);
    result = select(equal(x, number(0)), number(-kInfinity), result);
    result = select(less(x, number(0)), number(std::numeric_limits<double>::quiet_NaN()), result);
    return keepNan(x, result);
  }

  Value tanh(Value x) {
    Value size = math::AbsFOp::create(b_, loc_, x), square = mul(x, x);
    Value decay = exp(mul(number(-2), size));
    Value large = div(sub(number(1), decay), add(number(1), decay));
    // The series where the difference would lose digits.
    Value sum = number(0);
    for (double c : {-929569.0 / 638512875, 21844.0 / 6081075, -1382.0 / 155925, 62.0 / 2835,
                     -17.0 / 315, 2.0 / 15, -1.0 / 3}) {
      sum = add(number(c), mul(square, sum));
    }
    Value small = add(x, mul(x, mul(square, sum)));
    Value result =
        select(less(size, number(0.1)), small, math::CopySignOp::create(b_, loc_, large, x));
    return keepNan(x, result);
  }

  Value erf(Value x) {
    // 2 / sqrt(pi) exp(-x^2) sum of 2^k x^(2k+1) / (2k+1)!!, whose terms all have one sign
    // (Abramowitz and Stegun 7.1.6).
    Value bounded = min(max(x, number(-6)), number(6));
    Value twice = mul(number(2), mul(bounded, bounded));
    Value begin = arith::ConstantIndexOp::create(b_, loc_, 1),
          end = arith::ConstantIndexOp::create(b_, loc_, 160);
    auto loop = mlir::scf::ForOp::create(
        b_, loc_, begin, end, begin, mlir::ValueRange{bounded, bounded},
        [&](mlir::OpBuilder& nested, mlir::Location, Value k, mlir::ValueRange carried) {
          mlir::OpBuilder::InsertionGuard guard(b_);
          b_.restoreInsertionPoint(nested.saveInsertionPoint());
          Value integer = arith::IndexCastOp::create(b_, loc_, b_.getI64Type(), k);
          Value n = arith::SIToFPOp::create(b_, loc_, b_.getF64Type(), integer);
          Value term = div(mul(carried[0], twice), add(mul(number(2), n), number(1)));
          mlir::scf::YieldOp::create(b_, loc_, mlir::ValueRange{term, add(carried[1], term)});
        });
    Value scale = mul(number(2 * std::numbers::inv_sqrtpi), exp(mul(number(-0.5), twice)));
    return keepNan(x, mul(scale, loop.getResult(1)));
  }

  // sin(x + quarter turns).
  Value sine(Value x, int quarters) {
    Value n = math::RoundEvenOp::create(b_, loc_, mul(x, number(2 / std::numbers::pi)));
    Value r = sub(
        sub(sub(x, mul(n, number(0x1.921fb54400000p+0))), mul(n, number(0x1.0b4611a600000p-34))),
        mul(n, number(0x1.3198a2e037073p-69)));
    Value square = mul(r, r), sinus = number(1), cosinus = number(1);
    for (int k = 19; k >= 3; k -= 2)
      sinus = sub(number(1), mul(mul(square, number(1.0 / (k * (k - 1)))), sinus));
    for (int k = 20; k >= 2; k -= 2)
      cosinus = sub(number(1), mul(mul(square, number(1.0 / (k * (k - 1)))), cosinus));
    Value turns = arith::FPToSIOp::create(b_, loc_, b_.getI64Type(),
                                          min(max(n, number(-0x1p60)), number(0x1p60)));
    turns = arith::AddIOp::create(b_, loc_, turns, bits(quarters));
    auto hasBit = [&](int64_t bit) -> Value {
      Value masked = arith::AndIOp::create(b_, loc_, turns, bits(bit));
      return arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::ne, masked, bits(0));
    };
    Value value = select(hasBit(1), cosinus, mul(r, sinus));
    value = select(hasBit(2), arith::NegFOp::create(b_, loc_, value), value);
    // Infinities have none.
    Value finite = less(math::AbsFOp::create(b_, loc_, x), number(kInfinity));
    return select(finite, value, sub(x, x));
  }

 private:
  Value number(double value) {
    return arith::ConstantFloatOp::create(b_, loc_, b_.getF64Type(), llvm::APFloat(value));
  }
  Value bits(int64_t value) { return arith::ConstantIntOp::create(b_, loc_, value, 64); }
  Value add(Value a, Value b) { return arith::AddFOp::create(b_, loc_, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(b_, loc_, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(b_, loc_, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(b_, loc_, a, b); }
  Value min(Value a, Value b) { return arith::MinNumFOp::create(b_, loc_, a, b); }
  Value max(Value a, Value b) { return arith::MaxNumFOp::create(b_, loc_, a, b); }
  Value compare(arith::CmpFPredicate how, Value a, Value b) {
    return arith::CmpFOp::create(b_, loc_, how, a, b);
  }
  Value less(Value a, Value b) { return compare(arith::CmpFPredicate::OLT, a, b); }
  Value greater(Value a, Value b) { return compare(arith::CmpFPredicate::OGT, a, b); }
  Value equal(Value a, Value b) { return compare(arith::CmpFPredicate::OEQ, a, b); }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(b_, loc_, condition, a, b);
  }
  Value keepNan(Value x, Value result) {
    return select(compare(arith::CmpFPredicate::UNO, x, x), x, result);
  }
  Value powerOfTwo(Value exponent) {
    Value biased = arith::AddIOp::create(b_, loc_, exponent, bits(1023));
    return arith::BitcastOp::create(b_, loc_, b_.getF64Type(),
                                    arith::ShLIOp::create(b_, loc_, biased, bits(52)));
  }

  mlir::OpBuilder& b_;
  mlir::Location loc_;
};

template <typename Op, typename Expand>
struct ExpandOp : mlir::OpRewritePattern<Op> {
  using mlir::OpRewritePattern<Op>::OpRewritePattern;

  llvm::LogicalResult matchAndRewrite(Op op, mlir::PatternRewriter& rewriter) const override {
    if (!op.getType().isF64()) return mlir::failure();
    Doubles doubles(rewriter, op.getLoc());
    rewriter.replaceOp(op, Expand()(doubles, op.getOperand()));
    return mlir::success();
  }
};

template <typename Op, typename Expand>
void addPattern(mlir::RewritePatternSet& patterns, Expand) {
  patterns.add<ExpandOp<Op, Expand>>(patterns.getContext());
}

}  // namespace

llvm::LogicalResult expandDoubleMath(mlir::ModuleOp module) {
  mlir::RewritePatternSet patterns(module.getContext());
  addPattern<math::ExpOp>(patterns, [](Doubles& d, Value x) { return d.exp(x); });
  addPattern<math::LogOp>(patterns, [](Doubles& d, Value x) { return d.log(x); });
  addPattern<math::TanhOp>(patterns, [](Doubles& d, Value x) { return d.tanh(x); });
  addPattern<math::ErfOp>(patterns, [](Doubles& d, Value x) { return d.erf(x); });
  addPattern<math::SinOp>(patterns, [](Doubles& d, Value x) { return d.sine(x, 0); });
  addPattern<math::CosOp>(patterns, [](Doubles& d, Value x) { return d.sine(x, 1); });
  return mlir::applyPatternsGreedily(module, std::move(patterns));
}

}  // namespace mlc::gpu
