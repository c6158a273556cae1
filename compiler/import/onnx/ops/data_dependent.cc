// Ops whose results' sizes depend on data: results as large as they can become are cut to what the
// run finds.
#include <limits>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/movement.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// The number that a library op found, as a symbol; at most what there is room for.
DimExpr countOf(Node& node, Value count, const DimExpr& room) {
  return defineSize(node.emitter, count, "the number of its results", room);
}

Value nonZeroIndices(Node& node, Value x) {
  Emitter& e = node.emitter;
  const mlir::ResultRange found = e.emitAll<graph::NonZeroOp>(x);
  const DimExpr room = graph::elementCount(graph::shapeOf(x));
  return sliceAxis(e, found[0], 1, 0, countOf(node, found[1], room));
}

void nonZero(Node& node) { node.set(nonZeroIndices(node, node.value(0))); }

// The elements where the condition holds; what it does not reach is left out.
void compress(Node& node) {
  Emitter& e = node.emitter;
  if (node.rank(1) != 1) node.invalid("needs a condition of one dim");
  Value x = node.value(0);
  int64_t axis = 0;
  if (node.hasAttribute("axis")) {
    axis = node.axis(node.integer("axis", 0), node.rank(0));
  } else {
    x = e.reshape(x, graph::elementCount(node.shape(0)));
  }
  Value indices = takeIndex(e, nonZeroIndices(node, node.value(1)), 0, 0);
  node.set(e.emit<graph::GatherOp>(x, indices, axis));
}

void unique(Node& node) {
  Emitter& e = node.emitter;
  const bool flat = !node.hasAttribute("axis");
  const int64_t axis = flat ? -1 : node.axis(node.integer("axis", 0), node.rank(0));
  const mlir::ResultRange found =
      e.emitAll<graph::UniqueOp>(node.value(0), axis, node.integer("sorted", 1) != 0);
  const DimExpr count = countOf(node, found[4], graph::shapeOf(found[1])[0]);
  node.set(0, sliceAxis(e, found[0], std::max<int64_t>(axis, 0), 0, count));
  node.set(1, sliceAxis(e, found[1], 0, 0, count));
  node.set(2, found[2]);
  node.set(3, sliceAxis(e, found[3], 0, 0, count));
}

// k is an attribute up to opset 9.
void topK(Node& node) {
  Emitter& e = node.emitter;
  const int64_t axis = node.axis(node.integer("axis", -1), node.rank(0));
  const DimExpr size = node.shape(0)[axis];
  DimExpr k = node.integer("k", 0);
  if (node.opset() >= 10) {
    if (constantCount(node.shape(1)) != 1) node.invalid("needs one k");
    if (node.input(1).elements) {
      k = node.input(1).elements->front();
    } else {
      k = defineSize(e, scalarsOf(node, 1, "k")[0], "its k", size);
    }
  }
  if (k.isConstant() && !size.isConstant()) {
    Value wrong =
        e.emit<graph::CompareOp>(sizeValue(e, size), sizeValue(e, k), graph::Predicate::lt);
    failIf(e, wrong, "takes " + k.str() + " elements of a dim of " + size.str());
    Value safe = e.emit<graph::MinOp>(sizeValue(e, size), sizeValue(e, k));
    k = defineSize(e, safe, "its k", size);
  }
  const mlir::ResultRange found =
      e.emitAll<graph::TopKOp>(node.value(0), graph::dimsAttr(e.builder().getContext(), {k}), axis,
                               node.integer("largest", 1) != 0);
  node.set(0, found[0]);
  node.set(1, found[1]);
}

void nonMaxSuppression(Node& node) {
  Emitter& e = node.emitter;
  auto scalarOr = [&](size_t i, DType dtype, double otherwise) {
    if (!node.has(i)) return e.scalar(otherwise, dtype);
    if (constantCount(node.shape(i)) != 1)
      node.invalid("input " + std::to_string(i) + " must be one number");
    return e.reshape(e.cast(node.value(i), dtype), {});
  };
  if (node.rank(0) != 3 || node.rank(1) != 3) node.invalid("needs boxes and scores of rank 3");
  const graph::Shape &of = node.shape(0), &scored = node.shape(1);
  const DimExpr batches = e.equal(of[0], scored[0], "batches of boxes and scores");
  const DimExpr count = e.equal(of[1], scored[2], "numbers of boxes and scores");
  e.equal(of[2], 4, "coordinates of a box");
  Value boxes = e.reshape(node.value(0), {batches, count, DimExpr(4)});
  Value scores = e.reshape(node.value(1), {batches, scored[1], count});
  // Scores have no least value where none is given.
  Value least = scalarOr(4, DType::kF32, -std::numeric_limits<double>::infinity());
  const mlir::ResultRange found = e.emitAll<graph::NonMaxSuppressionOp>(
      boxes, scores, scalarOr(2, DType::kI64, 0), scalarOr(3, DType::kF32, 0), least,
      node.integer("center_point_box", 0) != 0);
  const DimExpr room = graph::elementCount(graph::shapeOf(scores));
  node.set(sliceAxis(e, found[0], 0, 0, countOf(node, found[1], room)));
}

}  // namespace

std::vector<OpEntry> dataDependentOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"Compress", 9, kLast, 2, 2, "axis", compress},
      {"NonMaxSuppression", 10, kLast, 2, 5, "center_point_box", nonMaxSuppression},
      {"NonZero", 9, kLast, 1, 1, "", nonZero},
      {"TopK", 7, 9, 1, 1, "axis k", topK},
      {"TopK", 10, kLast, 2, 2, "axis largest sorted", topK},
      {"Unique", 11, kLast, 1, 1, "axis sorted", unique},
  };
}

}  // namespace mlc::onnx_import
