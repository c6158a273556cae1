// Ops that change or read shapes only. Known elements pass through them without touching the IR.
#include <algorithm>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/shape/dim_facts.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// The first input under another shape.
void setReshaped(Node& node, graph::Shape shape) {
  Tensor& input = node.input(0);
  if (input.elements && constantCount(shape)) {
    node.set(symbolicTensor(input.dtype, std::move(shape), *input.elements));
  } else {
    node.set(node.emitter.reshape(node.value(0), shape));
  }
}

void reshape(Node& node) {
  if (!node.input(1).elements) return reshapeToComputed(node);
  const Elements& target = node.elements(1, "shape");
  const graph::Shape& from = node.shape(0);
  const bool copyZero = node.integer("allowzero", 0) == 0;
  graph::Shape shape;
  DimExpr known = 1;
  std::optional<size_t> open;
  for (size_t i = 0; i < target.size(); ++i) {
    DimExpr dim = target[i];
    if (dim.constant() == -1) {
      if (open) node.invalid("its shape has two dims of -1");
      open = i;
      dim = 1;
    } else if (copyZero && dim.constant() == 0) {
      if (i >= from.size())
        node.invalid("its shape copies dim " + std::to_string(i) +
                     ", which the input does not have");
      dim = from[i];
    }
    known = known * dim;
    shape.push_back(dim);
  }
  const DimExpr total = graph::elementCount(from);
  if (open) {
    if (known.constant() == 0) node.invalid("a dim of -1 beside one of 0 can be anything");
    node.emitter.assume(sizes::Relation::kDivisible, total, known,
                        "its elements do not fill the shape");
    shape[*open] = floorDiv(total, known);
  } else if (known.isConstant() && total.isConstant() && !(known == total)) {
    node.invalid("reshapes " + total.str() + " elements to " + known.str());
  } else {
    node.emitter.equal(total, known, "its elements do not fill the shape");
  }
  setReshaped(node, std::move(shape));
}

// Axes are an attribute up to opset 12, then an input.
std::optional<std::vector<int64_t>> axesOf(Node& node) {
  if (node.opset() < 13) return node.integerList("axes");
  return node.has(1) ? std::optional(node.integers(1, "axes")) : std::nullopt;
}

void squeeze(Node& node) {
  const graph::Shape& from = node.shape(0);
  std::vector<bool> dropped(from.size(), false);
  if (const auto axes = axesOf(node)) {
    for (int64_t axis : *axes) {
      axis = node.axis(axis, node.rank(0));
      if (from[axis].constant().value_or(1) != 1)
        node.invalid("squeezes a dim of " + from[axis].str());
      node.emitter.equal(from[axis], 1, "it squeezes dim " + std::to_string(axis));
      dropped[axis] = true;
    }
  } else {
    // The result's rank must be known: what is not always 1 must never be 1.
    for (size_t i = 0; i < from.size(); ++i) {
      dropped[i] = from[i].constant() == 1;
      if (!dropped[i] && sizes::upperBound(from[i]) == 1)
        node.unsupported("without axes has a result whose rank depends on sizes: dim " +
                         std::to_string(i) + " is 0 or 1");
      if (!dropped[i])
        node.emitter.assume(sizes::Relation::kDifferent, from[i], 1,
                            "it would squeeze dim " + std::to_string(i) + " too");
    }
  }
  graph::Shape shape;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!dropped[i]) shape.push_back(from[i]);
  }
  setReshaped(node, std::move(shape));
}

void unsqueeze(Node& node) {
  const auto axes = axesOf(node);
  if (!axes) node.invalid("needs axes");
  const int64_t rank = node.rank(0) + static_cast<int64_t>(axes->size());
  std::vector<bool> added(rank, false);
  for (int64_t axis : *axes) {
    axis = node.axis(axis, rank);
    if (added[axis]) node.invalid("an axis is given twice");
    added[axis] = true;
  }
  graph::Shape shape;
  size_t next = 0;
  for (int64_t i = 0; i < rank; ++i) shape.push_back(added[i] ? DimExpr(1) : node.shape(0)[next++]);
  setReshaped(node, std::move(shape));
}

void flatten(Node& node) {
  int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += node.rank(0);
  if (axis < 0 || axis > node.rank(0))
    node.invalid("axis " + std::to_string(axis) + " of a tensor of rank " +
                 std::to_string(node.rank(0)));
  const llvm::ArrayRef<DimExpr> from = node.shape(0);
  setReshaped(node, {graph::elementCount(from.take_front(axis)),
                     graph::elementCount(from.drop_front(axis))});
}

void expand(Node& node) {
  if (!node.input(1).elements) return expandToComputed(node);
  const Elements& target = node.elements(1, "shape");
  const graph::Shape shape =
      node.emitter.meet(node.shape(0), graph::Shape(target.begin(), target.end()));
  Tensor& input = node.input(0);
  // One value repeated stays known.
  const std::optional<int64_t> count = constantCount(shape);
  if (input.elements && input.elements->size() == 1 && count && *count <= kMaxElements) {
    node.set(symbolicTensor(input.dtype, shape, Elements(*count, input.elements->front())));
  } else {
    node.set(node.emitter.broadcast(node.value(0), shape));
  }
}

void shape(Node& node) {
  const graph::Shape& dims = node.shape(0);
  const int64_t rank = node.rank(0);
  auto bound = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const int64_t start = bound(node.integer("start", 0)),
                end = std::max(start, bound(node.integer("end", rank)));
  node.set(symbolicTensor(DType::kI64, {end - start},
                          Elements(dims.begin() + start, dims.begin() + end)));
}

void size(Node& node) {
  node.set(symbolicTensor(DType::kI64, {}, {graph::elementCount(node.shape(0))}));
}

void identity(Node& node) { node.set(node.inputRef(0)); }

void dropout(Node& node) {
  // A training mode that is known to be off is inference, as is none.
  if (node.has(2)) {
    const Tensor& training = node.input(2);
    if (!training.elements || training.elements->size() != 1 ||
        training.elements->front().constant() != 0) {
      node.unsupported("its training mode is not constantly off");
    }
  }
  node.set(node.inputRef(0));
  if (!node.wants(1)) return;
  auto mask = std::make_shared<Tensor>();
  mask->dtype = DType::kBool;
  mask->shape = node.shape(0);
  mask->fill = HostTensor::uninitialized(DType::kBool, {});
  mask->fill->data<bool>()[0] = true;
  node.set(1, mask);
}

}  // namespace

std::vector<OpEntry> shapeOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"Dropout", 7, kLast, 1, 3, "ratio seed", dropout},
      {"Expand", 8, kLast, 2, 2, "", expand},
      {"Flatten", 7, kLast, 1, 1, "axis", flatten},
      {"Identity", 7, kLast, 1, 1, "", identity},
      {"Reshape", 7, kLast, 2, 2, "allowzero", reshape},
      {"Shape", 7, kLast, 1, 1, "start end", shape},
      {"Size", 7, kLast, 1, 1, "", size},
      {"Squeeze", 7, kLast, 1, 2, "axes", squeeze},
      {"Unsqueeze", 7, kLast, 1, 2, "axes", unsqueeze},
  };
}

}  // namespace mlc::onnx_import
