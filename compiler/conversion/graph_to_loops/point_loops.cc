#include "compiler/conversion/graph_to_loops/point_loops.h"

#include <limits>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/graph/visit_op.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {
namespace {

namespace arith = mlir::arith;
namespace math = mlir::math;
using graph::Shape;
using graph::shapeOf;
using mlir::Value;

constexpr auto kReassociate = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;

mlir::Type elementTypeOf(Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}

// Emits one element of each result of a root; the roots are the ops that it has an overload for.
class PointEmitter {
 public:
  using Values = llvm::SmallVector<Value>;

  PointEmitter(llvm::ArrayRef<Value> indices, KernelFrame& frame, ElementEvaluator& evaluator)
      : indices_(indices),
        frame_(frame),
        evaluator_(evaluator),
        b_(frame.builder()),
        loc_(frame.loc()) {}

  Values operator()(graph::ReduceOp op) {
    const Shape shape = shapeOf(op.getInput());
    llvm::SmallVector<int64_t> axes;
    for (int64_t axis : op.getAxes()) axes.push_back(axis < 0 ? axis + shape.size() : axis);
    llvm::SmallVector<Value> ranges;
    DimExpr count = 1;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (!llvm::is_contained(axes, d)) continue;
      ranges.push_back(frame_.dims(shape)[d]);
      count = count * shape[d];
    }
    const mlir::Type element = elementTypeOf(op.getInput());
    const mlir::Type folded = foldType(op.getKind(), element);
    Value start = emitCast(b_, loc_, initial(op.getKind(), element), element, folded);
    Value total = nest(ranges, start, [&](llvm::ArrayRef<Value> at, Value carried) {
      Indices source;
      size_t kept = 0, reduced = 0;
      for (size_t d = 0; d < shape.size(); ++d) {
        if (llvm::is_contained(axes, d)) {
          source.push_back(at[reduced++]);
          if (op.getKeepDims()) ++kept;
        } else {
          source.push_back(indices_[kept++]);
        }
      }
      Value x = emitCast(b_, loc_, evaluator_.at(op.getInput(), source), element, folded);
      return combine(op.getKind(), folded, carried, x);
    });
    if (op.getKind() == graph::ReduceKind::mean) total = quotient(total, folded, count);
    return {emitCast(b_, loc_, total, folded, element)};
  }

  Values operator()(graph::ArgReduceOp op) {
    const Shape shape = shapeOf(op.getInput());
    const int64_t axis = op.getAxis() < 0 ? op.getAxis() + shape.size() : op.getAxis();
    const bool maximum = op.getKind() == graph::ReduceKind::max;
    auto at = [&](Value i) {
      Indices source(indices_);
      if (op.getKeepDims()) {
        source[axis] = i;
      } else {
        source.insert(source.begin() + axis, i);
      }
      return evaluator_.at(op.getInput(), source);
    };
    Value zero = frame_.index(int64_t{0});
    llvm::SmallVector<Value> best = frame_.reduceLoop(
        frame_.index(int64_t{1}), frame_.dims(shape)[axis], {at(zero), zero},
        [&](Value i, mlir::ValueRange carried) {
          Value x = at(i);
          Value better =
              beats(x, carried[0], maximum, op.getSelectLast(), elementTypeOf(op.getInput()));
          return llvm::SmallVector<Value>{arith::SelectOp::create(b_, loc_, better, x, carried[0]),
                                          arith::SelectOp::create(b_, loc_, better, i, carried[1])};
        });
    return {arith::IndexCastOp::create(b_, loc_, b_.getI64Type(), best[1])};
  }

  Values operator()(graph::ContractOp op) {
    auto [operands, result] = op.getEquation().split("->");
    auto [lhs, rhs] = operands.split(",");
    llvm::StringRef left = lhs.trim(), right = rhs.trim(), out = result.trim();
    std::map<char, Value> at;
    for (auto [letter, index] : llvm::zip(out, indices_)) at[letter] = index;
    std::string reduced;
    llvm::SmallVector<Value> ranges;
    auto collect = [&](llvm::StringRef letters, Value tensor) {
      for (auto [i, letter] : llvm::enumerate(letters)) {
        if (out.contains(letter) || reduced.find(letter) != std::string::npos) continue;
        reduced += letter;
        ranges.push_back(frame_.dims(shapeOf(tensor))[i]);
      }
    };
    collect(left, op.getLhs());
    collect(right, op.getRhs());
    const mlir::Type from = elementTypeOf(op.getLhs()), to = elementTypeOf(op.getResult());
    const mlir::Type type = computeType(to);
    Value sum = nest(
        ranges, constantLike(b_, loc_, type, 0), [&](llvm::ArrayRef<Value> point, Value carried) {
          for (auto [letter, index] : llvm::zip(reduced, point)) at[letter] = index;
          auto element = [&](Value tensor, llvm::StringRef letters) {
            Indices source;
            for (char letter : letters) source.push_back(at[letter]);
            Value value = evaluator_.at(tensor, source);
            return mlir::isa<mlir::FloatType>(from)
                       ? value
                       : emitCast(b_, loc_, value, elementTypeOf(tensor), to);
          };
          return multiplyAdd(element(op.getLhs(), left), element(op.getRhs(), right), carried);
        });
    return {sum};
  }

  Values operator()(graph::ConvOp op) {
    const Shape input = shapeOf(op.getInput()), filter = shapeOf(op.getFilter());
    const size_t spatial = input.size() - 2;
    llvm::SmallVector<Value> ranges(llvm::ArrayRef(frame_.dims(filter)).drop_front(1));
    Value outChannels = frame_.dims(filter)[0];
    Value perGroup = arith::DivUIOp::create(b_, loc_, outChannels,
                                            frame_.index(static_cast<int64_t>(op.getGroups())));
    Value group = arith::DivUIOp::create(b_, loc_, indices_[1], perGroup);
    Value firstChannel = frame_.mul(group, ranges[0]);
    const mlir::Type type = computeType(elementTypeOf(op.getResult()));
    Value start =
        op.getBias() ? evaluator_.at(op.getBias(), {indices_[1]}) : constantLike(b_, loc_, type, 0);
    Value sum = nest(ranges, start, [&](llvm::ArrayRef<Value> point, Value carried) {
      Indices source{indices_[0], frame_.add(firstChannel, point[0])};
      Value inside = window(op, input, point.drop_front(1), spatial, source);
      auto element = [&](Value tensor, llvm::ArrayRef<Value> at) {
        const mlir::Type from = elementTypeOf(tensor), to = elementTypeOf(op.getResult());
        Value value = evaluator_.at(tensor, at);
        return mlir::isa<mlir::FloatType>(from) ? value : emitCast(b_, loc_, value, from, to);
      };
      // The padding is zeros, whose product with an infinite weight is NaN.
      Value pixel = guarded(inside, constantLike(b_, loc_, type, 0),
                            [&] { return element(op.getInput(), source); });
      Indices weight{indices_[1]};
      llvm::append_range(weight, point);
      return multiplyAdd(pixel, element(op.getFilter(), weight), carried);
    });
    return {sum};
  }

  Values operator()(graph::PoolOp op) {
    const Shape input = shapeOf(op.getInput());
    const size_t spatial = input.size() - 2;
    const bool maximum = op.getKind() == graph::PoolKind::max;
    const mlir::Type element = elementTypeOf(op.getInput()), type = computeType(element);
    llvm::SmallVector<Value> ranges;
    for (int64_t size : op.getKernel()) ranges.push_back(frame_.index(size));
    const auto kind = maximum ? graph::ReduceKind::max : graph::ReduceKind::sum;
    Value total =
        nest(ranges, initial(kind, element), [&](llvm::ArrayRef<Value> point, Value carried) {
          Indices source{indices_[0], indices_[1]};
          Value inside = window(op, input, point, spatial, source);
          return guarded(inside, carried, [&] {
            return combine(kind, element, carried, evaluator_.at(op.getInput(), source));
          });
        });
    if (maximum) return {total};
    return {arith::DivFOp::create(b_, loc_, total, poolCount(op, input, ranges, type))};
  }

  Values operator()(graph::MaxPoolWithIndicesOp op) {
    const Shape input = shapeOf(op.getInput());
    const size_t spatial = input.size() - 2;
    const mlir::Type element = elementTypeOf(op.getInput());
    llvm::SmallVector<Value> ranges;
    for (int64_t size : op.getKernel()) ranges.push_back(frame_.index(size));
    // The best value, its offset, and whether there is one yet.
    Value none = arith::ConstantIntOp::create(b_, loc_, 0, 1);
    Value zero = frame_.index(int64_t{0});
    llvm::SmallVector<Value> found = nestAll(
        ranges, {initial(graph::ReduceKind::max, element), zero, none},
        [&](llvm::ArrayRef<Value> point, mlir::ValueRange carried) {
          Indices source{indices_[0], indices_[1]};
          Value inside = window(op, input, point, spatial, source);
          return guardedAll(inside, carried, [&] {
            Value x = evaluator_.at(op.getInput(), source);
            Value better = beats(x, carried[0], /*maximum=*/true, /*orEqual=*/false, element);
            Value isFirst = arith::XOrIOp::create(b_, loc_, carried[2],
                                                  arith::ConstantIntOp::create(b_, loc_, 1, 1));
            better = arith::OrIOp::create(b_, loc_, better, isFirst);
            Value at = windowOffset(input, source, op.getColumnMajor());
            auto choose = [&](Value a, Value b) -> Value {
              return arith::SelectOp::create(b_, loc_, better, a, b);
            };
            return llvm::SmallVector<Value>{choose(x, carried[0]), choose(at, carried[1]),
                                            arith::ConstantIntOp::create(b_, loc_, 1, 1)};
          });
        });
    return {found[0], arith::IndexCastOp::create(b_, loc_, b_.getI64Type(), found[1])};
  }

  Values operator()(graph::LrnOp op) {
    const Shape shape = shapeOf(op.getInput());
    const int64_t size = op.getSize(), before = (size - 1) / 2;
    const mlir::Type type = computeType(elementTypeOf(op.getInput()));
    Value channels = frame_.dims(shape)[1];
    Value low = arith::SubIOp::create(b_, loc_, indices_[1], frame_.index(before));
    Value high = frame_.add(low, frame_.index(size));
    low = arith::MaxSIOp::create(b_, loc_, low, frame_.index(int64_t{0}));
    high = arith::MinSIOp::create(b_, loc_, high, channels);
    Value sum = frame_.reduceLoop(low, high, constantLike(b_, loc_, type, 0),
                                  [&](Value channel, mlir::ValueRange carried) {
                                    Indices source(indices_);
                                    source[1] = channel;
                                    Value x = evaluator_.at(op.getInput(), source);
                                    return llvm::SmallVector<Value>{multiplyAdd(x, x, carried[0])};
                                  })[0];
    auto constant = [&](double value) { return constantLike(b_, loc_, type, value); };
    const double alpha = op.getAlpha().convertToDouble() / static_cast<double>(size);
    Value base = arith::AddFOp::create(b_, loc_, constant(op.getBias().convertToDouble()),
                                       arith::MulFOp::create(b_, loc_, constant(alpha), sum));
    Value scale = math::PowFOp::create(b_, loc_, base, constant(-op.getBeta().convertToDouble()));
    return {arith::MulFOp::create(b_, loc_, evaluator_.at(op.getInput(), indices_), scale)};
  }

 private:
  // Nested loops over `ranges`, the last one innermost, folding into values.
  Values nestAll(llvm::ArrayRef<Value> ranges, mlir::ValueRange start,
                 llvm::function_ref<Values(llvm::ArrayRef<Value>, mlir::ValueRange)> body) {
    Values point;
    std::function<Values(size_t, mlir::ValueRange)> descend =
        [&](size_t depth, mlir::ValueRange carried) -> Values {
      if (depth == ranges.size()) return body(point, carried);
      return frame_.reduceLoop(frame_.index(int64_t{0}), ranges[depth], carried,
                               [&](Value i, mlir::ValueRange inner) {
                                 point.push_back(i);
                                 Values next = descend(depth + 1, inner);
                                 point.pop_back();
                                 return next;
                               });
    };
    return descend(0, start);
  }

  // The same for one value.
  Value nest(llvm::ArrayRef<Value> ranges, Value start,
             llvm::function_ref<Value(llvm::ArrayRef<Value>, Value)> body) {
    return nestAll(ranges, start, [&](llvm::ArrayRef<Value> point, mlir::ValueRange carried) {
      return Values{body(point, carried[0])};
    })[0];
  }

  // The offset of an element in the whole tensor, row-major, or with the spatial dims the other way
  // round.
  Value windowOffset(const Shape& input, llvm::ArrayRef<Value> source, bool columnMajor) {
    if (!columnMajor) return frame_.offset(source, input);
    const llvm::SmallVector<Value>& dims = frame_.dims(input);
    Value offset =
        frame_.mul(frame_.add(frame_.mul(source[0], dims[1]), source[1]),
                   frame_.index(graph::elementCount(llvm::ArrayRef(input).drop_front(2))));
    Value step = frame_.index(int64_t{1});
    for (size_t d = 2; d < input.size(); ++d) {
      offset = frame_.add(offset, frame_.mul(source[d], step));
      step = frame_.mul(step, dims[d]);
    }
    return offset;
  }

  // Appends the input's spatial indices for a window position; returns whether they are inside,
  // null if they always are.
  template <typename Op>
  Value window(Op op, const Shape& input, llvm::ArrayRef<Value> position, size_t spatial,
               Indices& source) {
    Value inside;
    for (size_t d = 0; d < spatial; ++d) {
      Value index = frame_.mul(indices_[2 + d], frame_.index(op.getStrides()[d]));
      index = frame_.add(index, frame_.mul(position[d], frame_.index(op.getDilations()[d])));
      if (op.getPadsLow()[d] != 0) {
        index = arith::SubIOp::create(b_, loc_, index, frame_.index(op.getPadsLow()[d]));
      }
      source.push_back(index);
      if (op.getPadsLow()[d] == 0 && op.getPadsHigh()[d] == 0) continue;
      Value holds = arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::ult, index,
                                          frame_.dims(input)[2 + d]);
      inside = inside ? Value(arith::AndIOp::create(b_, loc_, inside, holds)) : holds;
    }
    return inside;
  }

  // What `emit` gives where `inside` holds (null: always), else `otherwise`.
  Values guardedAll(Value inside, mlir::ValueRange otherwise, llvm::function_ref<Values()> emit) {
    if (!inside) return emit();
    auto branch = mlir::scf::IfOp::create(b_, loc_, otherwise.getTypes(), inside, true, true);
    mlir::OpBuilder::InsertionGuard guard(b_);
    b_.setInsertionPointToStart(&branch.getThenRegion().front());
    Values values = emit();
    mlir::scf::YieldOp::create(b_, loc_, values);
    b_.setInsertionPointToStart(&branch.getElseRegion().front());
    mlir::scf::YieldOp::create(b_, loc_, otherwise);
    return Values(branch.getResults());
  }

  Value guarded(Value inside, Value otherwise, llvm::function_ref<Value()> emit) {
    return guardedAll(inside, otherwise, [&] { return Values{emit()}; })[0];
  }

  // How many elements an average is taken over: those inside the input, or inside its declared
  // padding too.
  Value poolCount(graph::PoolOp op, const Shape& input, llvm::ArrayRef<Value> ranges,
                  mlir::Type type) {
    Value count = frame_.index(int64_t{1});
    for (size_t d = 0; d < ranges.size(); ++d) {
      Value start = frame_.mul(indices_[2 + d], frame_.index(op.getStrides()[d]));
      Value size = frame_.dims(input)[2 + d];
      Value valid = frame_.reduceLoop(
          frame_.index(int64_t{0}), ranges[d], frame_.index(int64_t{0}),
          [&](Value k, mlir::ValueRange carried) {
            Value index = frame_.add(start, frame_.mul(k, frame_.index(op.getDilations()[d])));
            Value limit = frame_.add(size, frame_.index(op.getPadsLow()[d]));
            Value low = frame_.index(op.getPadsLow()[d]);
            if (op.getCountIncludePad()) {
              low = frame_.index(int64_t{0});
              const int64_t declared = op.getCeilMode() ? op.getPadsLow()[d] : op.getPadsHigh()[d];
              limit = frame_.add(limit, frame_.index(declared));
            }
            Value above = arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::sge, index, low);
            Value below = arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::slt, index, limit);
            Value counts = arith::AndIOp::create(b_, loc_, above, below);
            Value more = frame_.add(carried[0], frame_.index(int64_t{1}));
            return llvm::SmallVector<Value>{
                arith::SelectOp::create(b_, loc_, counts, more, carried[0])};
          })[0];
      count = frame_.mul(count, valid);
    }
    Value integer = arith::IndexCastOp::create(b_, loc_, b_.getI64Type(), count);
    return arith::SIToFPOp::create(b_, loc_, type, integer);
  }

  Value multiplyAdd(Value a, Value b, Value c) {
    if (mlir::isa<mlir::FloatType>(c.getType())) {
      Value product = arith::MulFOp::create(b_, loc_, a, b, kReassociate);
      return arith::AddFOp::create(b_, loc_, c, product, kReassociate);
    }
    return arith::AddIOp::create(b_, loc_, c, arith::MulIOp::create(b_, loc_, a, b));
  }

  // Narrow integers are folded as wider ones, which LLVM vectorizes in a fraction of the time; a
  // mean's sum, which need not fit the element type, in 64 bits.
  mlir::Type foldType(graph::ReduceKind kind, mlir::Type element) {
    auto integer = mlir::dyn_cast<mlir::IntegerType>(element);
    const unsigned width = kind == graph::ReduceKind::mean ? 64 : 32;
    if (!integer || integer.getWidth() >= width || integer.getWidth() == 1) return element;
    return mlir::IntegerType::get(b_.getContext(), width, integer.getSignedness());
  }

  // A sum divided by the number of its elements. The mean of no integers is zero.
  Value quotient(Value total, mlir::Type element, const DimExpr& count) {
    Value n = arith::IndexCastOp::create(b_, loc_, b_.getI64Type(), frame_.index(count));
    if (mlir::isa<mlir::FloatType>(total.getType())) {
      n = arith::SIToFPOp::create(b_, loc_, total.getType(), n);
      return arith::DivFOp::create(b_, loc_, total, n);
    }
    n = arith::MaxSIOp::create(b_, loc_, n, constantLike(b_, loc_, n.getType(), 1));
    if (element.isUnsignedInteger()) return arith::DivUIOp::create(b_, loc_, total, n);
    return arith::DivSIOp::create(b_, loc_, total, n);
  }

  Value initial(graph::ReduceKind kind, mlir::Type element) {
    const mlir::Type type = computeType(element);
    if (kind == graph::ReduceKind::prod) return constantLike(b_, loc_, type, 1);
    if (kind == graph::ReduceKind::sum || kind == graph::ReduceKind::mean) {
      return constantLike(b_, loc_, type, 0);
    }
    const bool maximum = kind == graph::ReduceKind::max;
    if (mlir::isa<mlir::FloatType>(type)) {
      const double infinity = std::numeric_limits<double>::infinity();
      return constantLike(b_, loc_, type, maximum ? -infinity : infinity);
    }
    const unsigned width = type.getIntOrFloatBitWidth();
    const bool isUnsigned = element.isUnsignedInteger() || width == 1;
    const llvm::APInt low =
        isUnsigned ? llvm::APInt::getZero(width) : llvm::APInt::getSignedMinValue(width);
    const llvm::APInt high =
        isUnsigned ? llvm::APInt::getMaxValue(width) : llvm::APInt::getSignedMaxValue(width);
    return arith::ConstantOp::create(b_, loc_, b_.getIntegerAttr(type, maximum ? low : high));
  }

  Value combine(graph::ReduceKind kind, mlir::Type element, Value a, Value b) {
    const bool isFloat = mlir::isa<mlir::FloatType>(element);
    const bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    switch (kind) {
      case graph::ReduceKind::sum:
      case graph::ReduceKind::mean:
        return isFloat ? Value(arith::AddFOp::create(b_, loc_, a, b, kReassociate))
                       : Value(arith::AddIOp::create(b_, loc_, a, b));
      case graph::ReduceKind::prod:
        return isFloat ? Value(arith::MulFOp::create(b_, loc_, a, b, kReassociate))
                       : Value(arith::MulIOp::create(b_, loc_, a, b));
      case graph::ReduceKind::max:
        if (isFloat) return arith::MaximumFOp::create(b_, loc_, a, b);
        return isUnsigned ? Value(arith::MaxUIOp::create(b_, loc_, a, b))
                          : Value(arith::MaxSIOp::create(b_, loc_, a, b));
      case graph::ReduceKind::min:
        if (isFloat) return arith::MinimumFOp::create(b_, loc_, a, b);
        return isUnsigned ? Value(arith::MinUIOp::create(b_, loc_, a, b))
                          : Value(arith::MinSIOp::create(b_, loc_, a, b));
    }
    llvm_unreachable("kind of reduction");
  }

  // Whether x takes the place of the best element so far; NaN is beyond every number.
  Value beats(Value x, Value best, bool maximum, bool orEqual, mlir::Type element) {
    if (mlir::isa<mlir::FloatType>(element)) {
      using P = arith::CmpFPredicate;
      auto compare = [&](P predicate, Value a, Value b) -> Value {
        return arith::CmpFOp::create(b_, loc_, predicate, a, b);
      };
      Value beyond =
          compare(maximum ? (orEqual ? P::OGE : P::OGT) : (orEqual ? P::OLE : P::OLT), x, best);
      Value isNan = compare(P::UNO, x, x);
      if (!orEqual) isNan = arith::AndIOp::create(b_, loc_, isNan, compare(P::ORD, best, best));
      return arith::OrIOp::create(b_, loc_, beyond, isNan);
    }
    using P = arith::CmpIPredicate;
    const bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    const P predicate = isUnsigned
                            ? (maximum ? (orEqual ? P::uge : P::ugt) : (orEqual ? P::ule : P::ult))
                            : (maximum ? (orEqual ? P::sge : P::sgt) : (orEqual ? P::sle : P::slt));
    return arith::CmpIOp::create(b_, loc_, predicate, x, best);
  }

  llvm::ArrayRef<Value> indices_;
  KernelFrame& frame_;
  ElementEvaluator& evaluator_;
  mlir::OpBuilder& b_;
  mlir::Location loc_;
};

}  // namespace

bool isPointRoot(mlir::Operation* op) { return graph::takesOp<PointEmitter>(op); }

llvm::SmallVector<Value> emitPoint(mlir::Operation* root, llvm::ArrayRef<Value> indices,
                                   KernelFrame& frame, ElementEvaluator& evaluator) {
  return graph::visitOp<llvm::SmallVector<Value>>(root, PointEmitter(indices, frame, evaluator));
}

}  // namespace mlc::conversion
