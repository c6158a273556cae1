// Reductions, arg max and min, cumulative sums.
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"

using Kind = mlc::graph::ReduceKind;
using mlir::Value;

namespace mlc::onnx_import {
namespace {

struct Axes {
  std::vector<int64_t> axes;  // increasing
  bool keepDims;
  bool none;  // nothing is to be reduced
};

// Axes are an attribute up to some opset (13 for ReduceSum, 18 for the others), then an input.
Axes readAxes(Node& node) {
  Axes result{{}, node.integer("keepdims", 1) != 0, false};
  std::optional<std::vector<int64_t>> axes = node.integerList("axes");
  if (!axes && node.has(1)) axes = node.integers(1, "axes");
  if (axes && !axes->empty()) {
    for (int64_t axis : *axes) result.axes.push_back(node.axis(axis, node.rank(0)));
    llvm::sort(result.axes);
    if (std::adjacent_find(result.axes.begin(), result.axes.end()) != result.axes.end())
      node.invalid("an axis is given twice");
  } else if (node.integer("noop_with_empty_axes", 0) != 0) {
    result.none = true;
  } else {
    for (int64_t axis = 0; axis < node.rank(0); ++axis) result.axes.push_back(axis);
  }
  return result;
}

Value reduceOver(Node& node, Value x, Kind kind, const Axes& axes) {
  if (axes.none || graph::shapeOf(x).empty()) return x;
  return node.emitter.emit<graph::ReduceOp>(x, kind, axes.axes, axes.keepDims);
}

template <Kind kind>
void reduce(Node& node) {
  Value x = node.value(0);
  const Axes axes = readAxes(node);
  // Bools have a maximum and a minimum too.
  if (node.dtype(0) == DType::kBool) {
    node.set(node.emitter.cast(reduceOver(node, node.emitter.cast(x, DType::kU8), kind, axes),
                               DType::kBool));
    return;
  }
  node.set(reduceOver(node, x, kind, axes));
}

// Squares of f16 and bf16 are summed in f32.
Value wideOperand(Node& node) {
  const DType type = node.dtype(0);
  const bool isNarrow = type == DType::kF16 || type == DType::kBF16;
  return isNarrow ? node.emitter.cast(node.value(0), DType::kF32) : node.value(0);
}

// The operand as floating-point numbers: roots and logarithms of integers are computed in f64.
Value asFloats(Node& node) {
  return isFloat(node.dtype(0)) ? wideOperand(node) : node.emitter.cast(node.value(0), DType::kF64);
}

void setAsOperand(Node& node, Value result) { node.set(node.emitter.cast(result, node.dtype(0))); }

void reduceSumSquare(Node& node) {
  Value x = wideOperand(node);
  Value squares = node.emitter.binary<graph::MulOp>(x, x);
  setAsOperand(node, reduceOver(node, squares, Kind::sum, readAxes(node)));
}

void reduceL2(Node& node) {
  Emitter& e = node.emitter;
  Value x = asFloats(node);
  Value sum = reduceOver(node, e.binary<graph::MulOp>(x, x), Kind::sum, readAxes(node));
  setAsOperand(node, e.emit<graph::SqrtOp>(sum));
}

void reduceL1(Node& node) {
  node.set(
      reduceOver(node, node.emitter.emit<graph::AbsOp>(node.value(0)), Kind::sum, readAxes(node)));
}

void reduceLogSum(Node& node) {
  setAsOperand(node, node.emitter.emit<graph::LogOp>(
                         reduceOver(node, asFloats(node), Kind::sum, readAxes(node))));
}

// max + log(sum(exp(x - max))), so that nothing overflows. A maximum of -inf would give NaN: -inf
// is what log(0) gives.
void reduceLogSumExp(Node& node) {
  Emitter& e = node.emitter;
  Value x = asFloats(node);
  const Axes axes = readAxes(node);
  Value top = reduceOver(node, x, Kind::max, {axes.axes, true, axes.none});
  Value infinite = e.emit<graph::IsInfOp>(top);
  Value shift = e.emit<graph::SelectOp>(infinite, e.scalarLike(0, top), top);
  Value sum =
      reduceOver(node, e.emit<graph::ExpOp>(e.binary<graph::SubOp>(x, shift)), Kind::sum, axes);
  Value log = e.emit<graph::LogOp>(sum);
  setAsOperand(node, e.binary<graph::AddOp>(log, e.reshape(shift, graph::shapeOf(log))));
}

template <Kind kind>
void argReduce(Node& node) {
  const int64_t axis = node.axis(node.integer("axis", 0), node.rank(0));
  node.set(node.emitter.emit<graph::ArgReduceOp>(node.value(0), kind, axis,
                                                 node.integer("keepdims", 1) != 0,
                                                 node.integer("select_last_index", 0) != 0));
}

void cumSum(Node& node) {
  const std::vector<int64_t> axes = node.integers(1, "axis");
  if (axes.size() != 1) node.invalid("needs one axis");
  node.set(node.emitter.emit<graph::CumSumOp>(node.value(0), node.axis(axes[0], node.rank(0)),
                                              node.integer("exclusive", 0) != 0,
                                              node.integer("reverse", 0) != 0));
}

}  // namespace

std::vector<OpEntry> reduceOps() {
  constexpr int kLast = kLastOpset;
  constexpr const char* kAttributes = "axes keepdims noop_with_empty_axes";
  return {
      {"ArgMax", 7, kLast, 1, 1, "axis keepdims select_last_index", argReduce<Kind::max>},
      {"ArgMin", 7, kLast, 1, 1, "axis keepdims select_last_index", argReduce<Kind::min>},
      {"CumSum", 11, kLast, 2, 2, "exclusive reverse", cumSum},
      {"ReduceL1", 7, kLast, 1, 2, kAttributes, reduceL1},
      {"ReduceL2", 7, kLast, 1, 2, kAttributes, reduceL2},
      {"ReduceLogSum", 7, kLast, 1, 2, kAttributes, reduceLogSum},
      {"ReduceLogSumExp", 7, kLast, 1, 2, kAttributes, reduceLogSumExp},
      {"ReduceMax", 7, kLast, 1, 2, kAttributes, reduce<Kind::max>},
      {"ReduceMean", 7, kLast, 1, 2, kAttributes, reduce<Kind::mean>},
      {"ReduceMin", 7, kLast, 1, 2, kAttributes, reduce<Kind::min>},
      {"ReduceProd", 7, kLast, 1, 2, kAttributes, reduce<Kind::prod>},
      {"ReduceSum", 7, kLast, 1, 2, kAttributes, reduce<Kind::sum>},
      {"ReduceSumSquare", 7, kLast, 1, 2, kAttributes, reduceSumSquare},
  };
}

}  // namespace mlc::onnx_import
