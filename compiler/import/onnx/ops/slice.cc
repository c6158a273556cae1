// ONNX Slice: bounds may be negative, beyond the ends, symbolic, and steps may be negative.
#include <limits>

#include "compiler/import/onnx/dim_facts.h"
#include "compiler/import/onnx/ops/movement.h"

namespace mlc::onnx_import {
namespace {

// Bounds this far out mean "to the end".
constexpr int64_t kFar = std::numeric_limits<int32_t>::max();

// A bound within [low, high]; a negative one counts from the end.
DimExpr clampBound(Node& node, const DimExpr& bound, const DimExpr& size, const DimExpr& low,
                   const DimExpr& high) {
  if (bound.constant().value_or(0) >= kFar) return high;
  if (bound.constant().value_or(0) < -kFar) return low;
  DimExpr index = bound;
  if (lowerBound(bound).value_or(-1) < 0) {
    // What can be either is an offset from the start for some sizes and from the end for others.
    if (upperBound(bound).value_or(1) > 0)
      node.unsupported("cuts at " + bound.str() + ", which may be negative or not");
    index = size + bound;
  }
  return larger(low, smaller(index, high));
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
    const bool forward = step > 0;
    const DimExpr low = forward ? 0 : -1, high = forward ? size : size - 1;
    const DimExpr start = clampBound(node, starts[i], size, 0, high);
    const DimExpr end = clampBound(node, ends[i], size, low, high);
    const DimExpr span = forward ? end - start : start - end;
    DimExpr count = ceilDiv(span, forward ? step : -step);
    // An upper bound below the start gives nothing.
    if (lowerBound(count).value_or(-1) < 0 && !(count == size)) count = larger(count, 0);
    from[axis] = start;
    strides[axis] = step;
    shape[axis] = node.emitter.simplified(count);
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
