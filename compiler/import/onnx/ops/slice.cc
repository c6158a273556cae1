// ONNX Slice: bounds may be negative, beyond the ends, symbolic, and steps may be negative.
#include <limits>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/ops/movement.h"
#include "compiler/import/shape/dim_facts.h"

namespace mlc::onnx_import {

using namespace sizes;

namespace {

// Bounds this far out mean "to the end".
constexpr int64_t kFar = std::numeric_limits<int32_t>::max();

bool isFarAhead(const DimExpr& bound) { return bound.constant().value_or(0) >= kFar; }
bool isFarBehind(const DimExpr& bound) { return bound.constant().value_or(0) < -kFar; }

// A bound counted from the front; a negative one counts from the end.
DimExpr fromFront(Node& node, const DimExpr& bound, const DimExpr& size) {
  if (lowerBound(bound).value_or(-1) >= 0) return bound;
  if (upperBound(bound).value_or(0) < 0) return size + bound;
  node.emitter.assume(Relation::kAtLeast, bound, 0, "it cuts at " + bound.str());
  return bound;
}

// Where a slice of one dim begins, and how many elements it takes.
struct Cut {
  DimExpr start, count;
};

// [start, end) within [0, size). The start stays as it is given: where it lies beyond the end,
// there is nothing.
Cut cutForward(Node& node, const DimExpr& first, const DimExpr& last, const DimExpr& size,
               int64_t step) {
  DimExpr start = isFarAhead(first) ? size : isFarBehind(first) ? 0 : fromFront(node, first, size);
  start = larger(start, 0);
  DimExpr end = isFarAhead(last) ? size : isFarBehind(last) ? 0 : fromFront(node, last, size);
  end = smaller(end, size);
  return {start, ceilDiv(larger(difference(end, start), 0), step)};
}

// From start, which lies in [0, size - 1], down to before end, which lies in [-1, size - 1].
Cut cutBackward(Node& node, const DimExpr& first, const DimExpr& last, const DimExpr& size,
                int64_t step) {
  const DimExpr top = size - 1;
  DimExpr start = isFarAhead(first) ? top : isFarBehind(first) ? 0 : fromFront(node, first, size);
  start = isLess(start, top) == false ? top : smaller(larger(start, 0), top);
  DimExpr end = isFarAhead(last) ? top : isFarBehind(last) ? -1 : fromFront(node, last, size);
  if (!(end == DimExpr(-1))) end = larger(end, -1);
  return {start, ceilDiv(larger(difference(start, end), 0), step)};
}

// Pads or checks a list of the slice's parameters.
Elements listOr(Node& node, size_t input, const char* name, const char* attribute, size_t count,
                int64_t otherwise) {
  if (node.opset() < 10) {
    if (auto given = node.integerList(attribute)) return Elements(given->begin(), given->end());
  } else if (node.has(input)) {
    return node.elements(input, name);
  }
  Elements list;
  for (size_t i = 0; i < count; ++i)
    list.push_back(otherwise < 0 ? DimExpr(static_cast<int64_t>(i)) : DimExpr(otherwise));
  return list;
}

}  // namespace

void importSlice(Node& node) {
  if (node.opset() >= 10 && !(node.input(1).elements && node.input(2).elements))
    return sliceComputed(node);
  const size_t rank = node.rank(0);
  const Elements starts = listOr(node, 1, "starts", "starts", 0, 0),
                 ends = listOr(node, 2, "ends", "ends", 0, 0);
  const Elements axes = listOr(node, 3, "axes", "axes", starts.size(), -1);
  const Elements steps = listOr(node, 4, "steps", "", starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    node.invalid("needs as many ends, axes and steps as starts");
  }
  graph::Shape from(rank, DimExpr(0)), shape = node.shape(0);
  std::vector<int64_t> strides(rank, 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    if (!axes[i].isConstant() || !steps[i].isConstant())
      node.unsupported("its axes and steps must be constant");
    const int64_t axis = node.axis(*axes[i].constant(), node.rank(0)), step = *steps[i].constant();
    if (step == 0) node.invalid("has a step of 0");
    const DimExpr size = node.shape(0)[axis];
    const Cut cut = step > 0 ? cutForward(node, starts[i], ends[i], size, step)
                             : cutBackward(node, starts[i], ends[i], size, -step);
    from[axis] = cut.start;
    strides[axis] = step;
    shape[axis] = node.emitter.simplified(cut.count);
  }
  const Tensor& input = node.input(0);
  if (input.elements && rank == 1 && from[0].isConstant() && shape[0].isConstant()) {
    Elements kept;
    for (int64_t i = 0; i < *shape[0].constant(); ++i)
      kept.push_back((*input.elements)[*from[0].constant() + i * strides[0]]);
    node.set(symbolicTensor(input.dtype, shape, std::move(kept)));
    return;
  }
  mlir::Value value = node.value(0);
  if (shape == graph::shapeOf(value) && llvm::all_of(strides, [](int64_t s) { return s == 1; })) {
    node.set(value);
    return;
  }
  node.set(node.emitter.emitStated<graph::SliceOp>(node.emitter.type(shape, input.dtype), value,
                                                   graph::dimsAttr(value.getContext(), from),
                                                   llvm::ArrayRef<int64_t>(strides)));
}

}  // namespace mlc::onnx_import
