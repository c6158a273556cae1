#include "compiler/conversion/graph_to_loops/row_loops.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/graph/visit_op.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlc::conversion {
namespace {

namespace arith = mlir::arith;
namespace math = mlir::math;
using graph::Shape;
using graph::shapeOf;
using mlir::Value;

// Sums may be taken in any order, so that they vectorize.
constexpr auto kReassociate = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;

// The rows of a tensor along the dims [first, last], and the arithmetic on them.
class Rows {
 public:
  Rows(mlir::Operation* root, int64_t first, int64_t last, KernelFrame& frame,
       ElementEvaluator& evaluator)
      : root_(root),
        first_(first),
        last_(last),
        frame_(frame),
        evaluator_(evaluator),
        b_(frame.builder()),
        loc_(frame.loc()),
        shape_(shapeOf(root->getOperand(0))) {
    const llvm::SmallVector<Value>& dims = frame.dims(shape_);
    for (size_t i = 0; i < dims.size(); ++i) {
      (inRow(i) ? rowDims_ : outerDims_).push_back(dims[i]);
      if (!inRow(i)) outerShape_.push_back(shape_[i]);
    }
    length_ =
        frame.index(graph::elementCount(llvm::ArrayRef(shape_).slice(first, last - first + 1)));
  }

  // body() for every row of this thread's share.
  void forEachRow(llvm::function_ref<void()> body) {
    frame_.forEachOwn(graph::elementCount(outerShape_), [&](Value row) {
      outer_ = frame_.delinearize(row, outerDims_);
      storeInput();
      body();
    });
  }

  // Folds the row's input elements into one value per initial value.
  llvm::SmallVector<Value> fold(
      mlir::ValueRange initial,
      llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)> combine) {
    return frame_.reduceLoop(zero(), length_, initial, [&](Value i, mlir::ValueRange carried) {
      return combine(evaluator_.at(root_->getOperand(0), indices(i)), carried);
    });
  }

  // Stores the kernel's result for each element of the row, given the root's result for an input
  // element.
  void store(llvm::function_ref<Value(Value input, llvm::ArrayRef<Value> indices)> emit) {
    frame_.loop(zero(), length_, [&](Value i) {
      Indices at = indices(i);
      evaluator_.bind(root_->getResult(0), emit(evaluator_.at(root_->getOperand(0), at), at));
      evaluator_.storeResults(at);
      evaluator_.bind(root_->getResult(0), {});
    });
  }

  Value constant(double value) { return constantLike(b_, loc_, type(), value); }
  Value lowestFinite() {
    auto type = mlir::cast<mlir::FloatType>(this->type());
    auto lowest = llvm::APFloat::getLargest(type.getFloatSemantics(), /*Negative=*/true);
    return arith::ConstantOp::create(b_, loc_, b_.getFloatAttr(type, lowest));
  }
  // Zero where `test` is zero, else `value`.
  Value zeroWhereZero(Value test, Value value) {
    Value isZero = arith::CmpFOp::create(b_, loc_, arith::CmpFPredicate::OEQ, test, constant(0));
    return arith::SelectOp::create(b_, loc_, isZero, constant(0), value);
  }
  Value length() { return length_; }
  Value lengthAsFloat() {
    Value integer = arith::IndexCastOp::create(b_, loc_, b_.getI64Type(), length_);
    return arith::SIToFPOp::create(b_, loc_, type(), integer);
  }
  Value zero() { return frame_.index(int64_t{0}); }
  Value add(Value a, Value b) { return arith::AddFOp::create(b_, loc_, a, b); }
  Value sum(Value a, Value b) { return arith::AddFOp::create(b_, loc_, a, b, kReassociate); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(b_, loc_, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(b_, loc_, a, b); }
  // A square that may join the sum it is added to.
  Value square(Value a) { return arith::MulFOp::create(b_, loc_, a, a, kReassociate); }
  Value div(Value a, Value b) { return arith::DivFOp::create(b_, loc_, a, b); }
  Value exp(Value a) { return math::ExpOp::create(b_, loc_, a); }
  Value log(Value a) { return math::LogOp::create(b_, loc_, a); }
  Value sqrt(Value a) { return math::SqrtOp::create(b_, loc_, a); }
  Value max(Value a, Value b) { return arith::MaximumFOp::create(b_, loc_, a, b); }

  // The element of a parameter with the shape of a row (or one that broadcasts to it).
  Value parameter(Value tensor, llvm::ArrayRef<Value> indices) {
    return evaluator_.at(tensor,
                         ElementEvaluator::broadcastIndices(frame_, indices, shapeOf(tensor)));
  }

  Indices indices(Value i) {
    Indices row = frame_.delinearize(i, rowDims_), all;
    for (size_t d = 0, o = 0, r = 0; d < shape_.size(); ++d) {
      all.push_back(inRow(d) ? row[r++] : outer_[o++]);
    }
    return all;
  }

 private:
  // Where the kernel returns the root's operand too, its row is stored first and read from there.
  void storeInput() {
    Value input = root_->getOperand(0);
    for (auto [i, result] : llvm::enumerate(evaluator_.results())) {
      if (result != input) continue;
      frame_.loop(zero(), length_, [&](Value at) {
        evaluator_.store(static_cast<unsigned>(i), evaluator_.at(input, indices(at)), indices(at));
      });
      evaluator_.readFromResult(input, static_cast<unsigned>(i));
      return;
    }
  }
  bool inRow(size_t dim) const {
    return static_cast<int64_t>(dim) >= first_ && static_cast<int64_t>(dim) <= last_;
  }
  mlir::Type type() {
    return computeType(
        mlir::cast<mlir::RankedTensorType>(root_->getOperand(0).getType()).getElementType());
  }

  mlir::Operation* root_;
  int64_t first_, last_;
  KernelFrame& frame_;
  ElementEvaluator& evaluator_;
  mlir::OpBuilder& b_;
  mlir::Location loc_;
  Shape shape_, outerShape_;
  llvm::SmallVector<Value> rowDims_, outerDims_;
  Indices outer_;
  Value length_;
};

void emitSoftmax(graph::SoftmaxOp op, Rows& rows) {
  rows.forEachRow([&] {
    // With a finite maximum all elements of a masked row become exp(-infinity) = 0.
    Value lowest = op.getZeroMasked() ? rows.lowestFinite()
                                      : rows.constant(-std::numeric_limits<double>::infinity());
    Value maximum = rows.fold(lowest, [&](Value x, mlir::ValueRange carried) {
      return llvm::SmallVector<Value>{rows.max(carried[0], x)};
    })[0];
    Value sum = rows.fold(rows.constant(0), [&](Value x, mlir::ValueRange carried) {
      return llvm::SmallVector<Value>{rows.sum(carried[0], rows.exp(rows.sub(x, maximum)))};
    })[0];
    if (op.getLogarithm()) {
      Value logarithm = rows.log(sum);
      rows.store([&](Value x, llvm::ArrayRef<Value>) {
        return rows.sub(rows.sub(x, maximum), logarithm);
      });
    } else {
      Value scale = rows.div(rows.constant(1), sum);
      if (op.getZeroMasked()) scale = rows.zeroWhereZero(sum, scale);
      rows.store([&](Value x, llvm::ArrayRef<Value>) {
        return rows.mul(rows.exp(rows.sub(x, maximum)), scale);
      });
    }
  });
}

void emitLayerNorm(graph::LayerNormOp op, Rows& rows) {
  rows.forEachRow([&] {
    Value count = rows.lengthAsFloat();
    Value sum = rows.fold(rows.constant(0), [&](Value x, mlir::ValueRange carried) {
      return llvm::SmallVector<Value>{rows.sum(carried[0], x)};
    })[0];
    Value mean = rows.div(sum, count);
    Value squares = rows.fold(rows.constant(0), [&](Value x, mlir::ValueRange carried) {
      Value difference = rows.sub(x, mean);
      return llvm::SmallVector<Value>{rows.sum(carried[0], rows.square(difference))};
    })[0];
    Value variance = rows.div(squares, count);
    Value epsilon = rows.constant(op.getEpsilon().convertToDouble());
    Value scale = rows.div(rows.constant(1), rows.sqrt(rows.add(variance, epsilon)));
    rows.store([&](Value x, llvm::ArrayRef<Value> at) {
      Value normal = rows.mul(rows.sub(x, mean), scale);
      Value result = rows.mul(normal, rows.parameter(op.getScale(), at));
      return op.getBias() ? rows.add(result, rows.parameter(op.getBias(), at)) : result;
    });
  });
}

void emitRmsNorm(graph::RmsNormOp op, Rows& rows) {
  rows.forEachRow([&] {
    Value squares = rows.fold(rows.constant(0), [&](Value x, mlir::ValueRange carried) {
      return llvm::SmallVector<Value>{rows.sum(carried[0], rows.square(x))};
    })[0];
    Value mean = rows.div(squares, rows.lengthAsFloat());
    Value epsilon = rows.constant(op.getEpsilon().convertToDouble());
    Value scale = rows.div(rows.constant(1), rows.sqrt(rows.add(mean, epsilon)));
    rows.store([&](Value x, llvm::ArrayRef<Value> at) {
      return rows.mul(rows.mul(x, scale), rows.parameter(op.getScale(), at));
    });
  });
}

void emitCumSum(graph::CumSumOp op, Rows& rows, KernelFrame& frame, ElementEvaluator& evaluator) {
  mlir::OpBuilder& b = frame.builder();
  const mlir::Location loc = frame.loc();
  const bool isFloat = mlir::isa<mlir::FloatType>(
      mlir::cast<mlir::RankedTensorType>(op.getInput().getType()).getElementType());
  rows.forEachRow([&] {
    Value last = arith::SubIOp::create(b, loc, rows.length(), frame.index(int64_t{1}));
    frame.reduceLoop(
        rows.zero(), rows.length(), rows.constant(0), [&](Value step, mlir::ValueRange carried) {
          Value i = op.getReverse() ? Value(arith::SubIOp::create(b, loc, last, step)) : step;
          Indices at = rows.indices(i);
          Value x = evaluator.at(op.getInput(), at);
          Value next = isFloat ? Value(arith::AddFOp::create(b, loc, carried[0], x))
                               : Value(arith::AddIOp::create(b, loc, carried[0], x));
          evaluator.bind(op.getResult(), op.getExclusive() ? carried[0] : next);
          evaluator.storeResults(at);
          evaluator.bind(op.getResult(), {});
          return llvm::SmallVector<Value>{next};
        });
  });
}

// Emits the loops of a root; the roots are the ops that it has an overload for.
class RowEmitter {
 public:
  RowEmitter(KernelFrame& frame, ElementEvaluator& evaluator)
      : frame_(frame), evaluator_(evaluator) {}

  void operator()(graph::SoftmaxOp op) {
    Rows rows = along(op);
    emitSoftmax(op, rows);
  }
  void operator()(graph::LayerNormOp op) {
    Rows rows = from(op);
    emitLayerNorm(op, rows);
  }
  void operator()(graph::RmsNormOp op) {
    Rows rows = from(op);
    emitRmsNorm(op, rows);
  }
  void operator()(graph::CumSumOp op) {
    Rows rows = along(op);
    emitCumSum(op, rows, frame_, evaluator_);
  }

 private:
  static int64_t rankOf(mlir::Operation* op) {
    return static_cast<int64_t>(shapeOf(op->getOperand(0)).size());
  }
  template <typename Op>
  static int64_t axisOf(Op op) {
    const int64_t axis = op.getAxis();
    return axis < 0 ? axis + rankOf(op) : axis;
  }
  // Rows along the op's axis.
  template <typename Op>
  Rows along(Op op) {
    return Rows(op, axisOf(op), axisOf(op), frame_, evaluator_);
  }
  // Rows of all dims from the op's axis on.
  template <typename Op>
  Rows from(Op op) {
    return Rows(op, axisOf(op), rankOf(op) - 1, frame_, evaluator_);
  }

  KernelFrame& frame_;
  ElementEvaluator& evaluator_;
};

}  // namespace

bool isRowRoot(mlir::Operation* op) { return graph::takesOp<RowEmitter>(op); }

void emitRowRoot(mlir::Operation* root, KernelFrame& frame, ElementEvaluator& evaluator) {
  graph::visitOp(root, RowEmitter(frame, evaluator));
}

}  // namespace mlc::conversion
