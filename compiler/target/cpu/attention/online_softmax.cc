#include "compiler/target/cpu/attention/online_softmax.h"

#include <limits>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
namespace vector = mlir::vector;
using mlir::Value;
using Carried = KernelBuilder::Carried;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Value reduced(KernelBuilder& k, vector::CombiningKind kind, Value of) {
  // A sum's order is of no importance.
  const auto flags = kind == vector::CombiningKind::ADD ? arith::FastMathFlags::reassoc
                                                        : arith::FastMathFlags::none;
  return vector::ReductionOp::create(k.builder(), k.loc(), kind, of, flags);
}

}  // namespace

Value OnlineSoftmax::number(double value, int64_t width) const {
  return conversion::constantLike(k_.builder(), k_.loc(),
                                  vectorOf(k_.builder().getF32Type(), width), value);
}

void OnlineSoftmax::start(Value query) const {
  k_.store(number(-kInfinity, 1), maxima_, query);
  k_.store(number(0, 1), sums_, query);
}

void OnlineSoftmax::applyMask(const ScoreRow& row, const ScoreMask& mask, Value whole,
                              llvm::function_ref<Value(Value, Value)> combine) const {
  auto apply = [&](Value column, int64_t width) {
    Value at = k_.add(row.offset, column);
    Value from = k_.add(mask.offset, k_.mul(column, mask.stride));
    Value loaded = conversion::fromStorage(k_.builder(), k_.loc(), k_.load(mask.view, from, width),
                                           mask.element);
    k_.store(combine(k_.load(row.scores, at, width), loaded), row.scores, at);
  };
  Value begin = k_.index(0);
  if (mask.vectors) {
    k_.loop(begin, whole, k_.index(width_), [&](Value column) { apply(column, width_); });
    begin = whole;
  }
  k_.loop(begin, row.seen, k_.index(1), [&](Value column) { apply(column, 1); });
}

Value OnlineSoftmax::add(Value query, const ScoreRow& row) const {
  mlir::OpBuilder& b = k_.builder();
  const mlir::Location loc = k_.loc();
  Value zero = k_.index(0), width = k_.index(width_);
  Value whole = k_.mul(k_.div(row.seen, width), width);
  Value filled = k_.mul(k_.ceilDiv(row.seen, width), width);
  if (row.keep.view) {
    applyMask(row, row.keep, whole, [&](Value score, Value keep) -> Value {
      Value fill = conversion::constantLike(b, loc, score.getType(), row.fill);
      return arith::SelectOp::create(b, loc, keep, score, fill);
    });
  }
  if (row.mask.view) {
    applyMask(row, row.mask, whole, [&](Value score, Value added) -> Value {
      return arith::AddFOp::create(b, loc, score, added);
    });
  }

  // The maximum; what is behind the last score of its vector becomes -infinity.
  auto maximum = [&](Value scores, Value before) {
    return Value(arith::MaximumFOp::create(b, loc, before, scores));
  };
  Value lowest = number(-kInfinity, width_);
  Carried highest = k_.loop(zero, whole, width, {lowest}, [&](Value column, mlir::ValueRange all) {
    return Carried{maximum(k_.load(row.scores, k_.add(row.offset, column), width_), all[0])};
  });
  highest = k_.loop(whole, row.seen, width, highest, [&](Value column, mlir::ValueRange all) {
    Value at = k_.add(row.offset, column);
    auto truth = mlir::VectorType::get({width_}, b.getI1Type());
    Value seen = vector::CreateMaskOp::create(b, loc, truth, k_.sub(row.seen, column));
    Value scores = k_.load(row.scores, at, width_);
    scores = arith::SelectOp::create(b, loc, seen, scores, lowest);
    k_.store(scores, row.scores, at);
    return Carried{maximum(scores, all[0])};
  });
  Value before = k_.load(maxima_, query, 1);
  Value now = reduced(k_, vector::CombiningKind::MAXIMUMF, highest[0]);
  now = arith::MaximumFOp::create(b, loc, before, now);
  k_.store(now, maxima_, query);
  // While all scores are -infinity: 0, so that their weights are 0 and not those of
  // -infinity - -infinity.
  Value nothing =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, now, number(-kInfinity, 1));
  Value shift = arith::SelectOp::create(b, loc, nothing, number(0, 1), now);

  Value shifts = k_.broadcast(shift, width_);
  Carried sum =
      k_.loop(zero, filled, width, {number(0, width_)}, [&](Value column, mlir::ValueRange sums) {
        Value at = k_.add(row.offset, column);
        Value scores = k_.load(row.scores, at, width_);
        scores = arith::SubFOp::create(b, loc, scores, shifts);
        Value weights = mlir::math::ExpOp::create(b, loc, scores);
        k_.store(weights, row.scores, at);
        return Carried{arith::AddFOp::create(b, loc, sums[0], weights)};
      });
  k_.loop(filled, row.count, width, [&](Value column) {
    k_.store(number(0, width_), row.scores, k_.add(row.offset, column));
  });

  Value factor = mlir::math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, before, shift));
  Value total = arith::MulFOp::create(b, loc, k_.load(sums_, query, 1), factor);
  total = arith::AddFOp::create(b, loc, total, reduced(k_, vector::CombiningKind::ADD, sum[0]));
  k_.store(total, sums_, query);
  return factor;
}

Value OnlineSoftmax::normalization(Value query, Value zeroMasked) const {
  mlir::OpBuilder& b = k_.builder();
  const mlir::Location loc = k_.loc();
  Value sum = k_.load(sums_, query, 1);
  Value factor = arith::DivFOp::create(b, loc, number(1, 1), sum);
  Value none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, number(0, 1));
  none = arith::AndIOp::create(b, loc, none, zeroMasked);
  return arith::SelectOp::create(b, loc, none, number(0, 1), factor);
}

}  // namespace mlc::cpu
