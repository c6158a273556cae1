#include "compiler/conversion/graph_to_loops/lower_to_loops.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/conversion/graph_to_loops/element_evaluator.h"
#include "compiler/conversion/graph_to_loops/point_loops.h"
#include "compiler/conversion/graph_to_loops/row_loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::conversion {
namespace {

namespace arith = mlir::arith;
using graph::Shape;
using graph::shapeOf;
using mlir::Value;

// Whether element i of the result depends on element i of every operand (or on its only element),
// so that the shape does not matter.
bool isFlat(mlir::func::FuncOp kernel, const Shape& result) {
  for (mlir::Operation& op : kernel.getBody().front().without_terminator()) {
    if (!op.hasTrait<graph::Elementwise>() && !op.hasTrait<graph::ClonedLeaf>()) {
      return false;
    }
    for (Value operand : op.getOperands()) {
      const Shape shape = shapeOf(operand);
      if (shape != result && !(graph::elementCount(shape) == DimExpr(1))) return false;
    }
    if (mlir::isa<graph::ConstantOp>(op) &&
        !(graph::elementCount(shapeOf(op.getResult(0))) == DimExpr(1)) &&
        !mlir::cast<mlir::DenseElementsAttr>(mlir::cast<graph::ConstantOp>(op).getValue())
             .isSplat()) {
      return false;
    }
  }
  return true;
}

class LoopLowering {
 public:
  LoopLowering(mlir::func::FuncOp kernel, mlir::OpBuilder& builder, Sharing sharing)
      : frame_(kernel, builder, sharing),
        evaluator_(frame_, kernel),
        kernel_(kernel),
        sharing_(sharing) {
    // All results have the same shape.
    shape_ = shapeOf(evaluator_.results().front());
  }

  mlir::FailureOr<mlir::func::FuncOp> run() {
    mlir::Operation* root = nullptr;
    for (mlir::Operation& op : kernel_.getBody().front().without_terminator()) {
      if (ElementEvaluator::supports(&op)) continue;
      if (!isRowRoot(&op) && !isPointRoot(&op)) {
        return op.emitError("has no lowering to loops");
      }
      if (root) return op.emitError("is a second root in one kernel");
      root = &op;
    }
    if (root && isRowRoot(root)) {
      emitRowRoot(root, frame_, evaluator_);
    } else {
      emitPoints(root);
    }
    frame_.finish();
    return frame_.function();
  }

 private:
  void emitElement(mlir::Operation* root, llvm::ArrayRef<Value> indices) {
    bindPoint(root, indices);
    evaluator_.storeResults(indices);
    releasePoint(root);
  }

  // The elements of the root's results at these indices, for what is computed from them.
  void bindPoint(mlir::Operation* root, llvm::ArrayRef<Value> indices) {
    if (!root) return;
    const llvm::SmallVector<Value> point = emitPoint(root, indices, frame_, evaluator_);
    for (auto [result, element] : llvm::zip(root->getResults(), point))
      evaluator_.bind(result, element);
  }

  void releasePoint(mlir::Operation* root) {
    if (!root) return;
    for (Value result : root->getResults()) evaluator_.bind(result, {});
  }

  Value element(mlir::Operation* root, llvm::ArrayRef<Value> indices) {
    bindPoint(root, indices);
    Value value = evaluator_.at(evaluator_.results().front(), indices);
    releasePoint(root);
    return value;
  }

  // The points are bytes of the result: no two threads write to one. The last byte is computed with
  // the last element in place of those that it does not have.
  void emitPackedPoints(mlir::Operation* root, int64_t perByte) {
    const llvm::SmallVector<Value> dims = frame_.dims(shape_);
    const DimExpr count = graph::elementCount(shape_);
    frame_.forEachOwn(ceilDiv(count, perByte), [&](Value byte) {
      mlir::OpBuilder& b = frame_.builder();
      Value first = frame_.mul(byte, frame_.index(perByte));
      Value last =
          arith::SubIOp::create(b, frame_.loc(), frame_.index(count), frame_.index(int64_t{1}));
      llvm::SmallVector<Value> elements;
      for (int64_t i = 0; i < perByte; ++i) {
        Value linear = frame_.add(first, frame_.index(i));
        if (i > 0) linear = arith::MinSIOp::create(b, frame_.loc(), linear, last);
        elements.push_back(element(root, frame_.delinearize(linear, dims)));
      }
      evaluator_.storeByte(elements, byte);
    });
  }

  void emitPoints(mlir::Operation* root) {
    const mlir::Type type =
        mlir::cast<mlir::RankedTensorType>(evaluator_.results().front().getType()).getElementType();
    if (isPackedType(type)) return emitPackedPoints(root, 8 / type.getIntOrFloatBitWidth());
    const llvm::SmallVector<Value> dims = frame_.dims(shape_);
    // One range where the shape does not matter, or where single elements are shared.
    const bool flat = !root && isFlat(kernel_, shape_);
    if (flat || shape_.empty() || sharing_ == Sharing::kElements) {
      frame_.forEachOwn(graph::elementCount(shape_), [&](Value i) {
        emitElement(root, flat ? flatIndices(i) : frame_.delinearize(i, dims));
      });
      return;
    }
    // Rows of the innermost dim that is not 1; where there is just one row, its elements are
    // shared.
    size_t inner = shape_.size() - 1;
    while (inner > 0 && shape_[inner] == DimExpr(1)) --inner;
    const Shape outerShape(llvm::ArrayRef(shape_).take_front(inner));
    // No rows where they are empty, however many there are.
    DimExpr rows = graph::elementCount(outerShape);
    if (!rows.isConstant() && !shape_[inner].isConstant())
      rows = min(rows, graph::elementCount(shape_));
    auto indicesOf = [&](llvm::ArrayRef<Value> outer, Value i) {
      Indices indices(outer);
      indices.push_back(i);
      while (indices.size() < shape_.size()) indices.push_back(frame_.index(int64_t{0}));
      return indices;
    };
    if (rows == DimExpr(1)) {
      Indices outer(inner, frame_.index(int64_t{0}));
      frame_.forEachOwn(shape_[inner], [&](Value i) { emitElement(root, indicesOf(outer, i)); });
      return;
    }
    frame_.forEachOwn(rows, [&](Value row) {
      Indices outer = frame_.delinearize(row, llvm::ArrayRef(dims).take_front(inner));
      frame_.loop(frame_.index(int64_t{0}), dims[inner],
                  [&](Value i) { emitElement(root, indicesOf(outer, i)); });
    });
  }

  // Indices whose row-major offset is i: all in the last dim that is not 1.
  Indices flatIndices(Value i) {
    Indices indices(shape_.size(), frame_.index(int64_t{0}));
    size_t last = shape_.size();
    while (last > 0 && shape_[last - 1] == DimExpr(1)) --last;
    if (last > 0) indices[last - 1] = i;
    return indices;
  }

  KernelFrame frame_;
  ElementEvaluator evaluator_;
  mlir::func::FuncOp kernel_;
  Sharing sharing_;
  Shape shape_;
};

}  // namespace

mlir::FailureOr<mlir::func::FuncOp> lowerToLoops(mlir::func::FuncOp kernel,
                                                 mlir::OpBuilder& builder, Sharing sharing) {
  return LoopLowering(kernel, builder, sharing).run();
}

}  // namespace mlc::conversion
