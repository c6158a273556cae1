// Ops that move elements: transpose, concat, split, gather, tile, pad, depth and space.
#include "compiler/import/onnx/ops/movement.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/shape/dim_facts.h"

using mlir::Value;

namespace mlc::onnx_import {

using namespace sizes;

namespace {

void transpose(Node& node) {
  std::vector<int64_t> permutation(node.rank(0));
  std::iota(permutation.rbegin(), permutation.rend(), 0);
  if (auto given = node.integerList("perm")) permutation = *given;
  node.set(node.emitter.transpose(node.value(0), permutation));
}

void concat(Node& node) {
  const int64_t axis = node.axis(node.integer("axis", 0), node.rank(0));
  bool known = node.rank(0) == 1;
  for (size_t i = 0; i < node.inputCount(); ++i) known &= node.input(i).elements.has_value();
  if (known) {
    Elements elements;
    for (size_t i = 0; i < node.inputCount(); ++i) {
      elements.insert(elements.end(), node.input(i).elements->begin(),
                      node.input(i).elements->end());
    }
    node.set(symbolicTensor(node.dtype(0), {static_cast<int64_t>(elements.size())}, elements));
    return;
  }
  graph::Shape common = node.shape(0);
  for (size_t i = 1; i < node.inputCount(); ++i) {
    if (node.rank(i) != node.rank(0)) node.invalid("concatenates tensors of different ranks");
    for (int64_t d = 0; d < node.rank(0); ++d) {
      if (d != axis)
        common[d] = node.emitter.equal(
            common[d], node.shape(i)[d],
            "dim " + std::to_string(d) + " of inputs 0 and " + std::to_string(i));
    }
  }
  llvm::SmallVector<Value> values;
  for (size_t i = 0; i < node.inputCount(); ++i) {
    common[axis] = node.shape(i)[axis];
    values.push_back(node.emitter.reshape(node.value(i), common));
  }
  node.set(values.size() == 1 ? values[0]
                              : node.emitter.emit<graph::ConcatOp>(mlir::ValueRange(values), axis));
}

void split(Node& node) {
  const int64_t axis = node.axis(node.integer("axis", 0), node.rank(0));
  const DimExpr size = node.shape(0)[axis];
  const auto count = static_cast<int64_t>(node.outputCount());
  Elements parts;
  if (node.opset() >= 13 && node.has(1)) {
    parts = node.elements(1, "sizes");
  } else if (auto given = node.integerList("split")) {
    parts.assign(given->begin(), given->end());
  } else {
    const int64_t declared = node.integer("num_outputs", count);
    if (declared != count)
      node.invalid("splits into " + std::to_string(declared) + " parts for " +
                   std::to_string(count) + " outputs");
    // Until opset 18 the parts had to be equal.
    if (node.opset() < 18)
      node.emitter.assume(Relation::kDivisible, size, count, "it splits into equal parts");
    // The last parts may be shorter, or empty.
    const DimExpr part = ceilDiv(size, count);
    const bool areEqual = node.opset() < 18;
    DimExpr begin = 0;
    for (int64_t i = 1; i <= count; ++i) {
      const DimExpr end = i == count           ? size
                          : i == 1 || areEqual ? part * i
                                               : sizes::smaller(part * i, size);
      parts.push_back(end - std::exchange(begin, end));
    }
  }
  if (static_cast<int64_t>(parts.size()) != count)
    node.invalid("splits into " + std::to_string(parts.size()) + " parts for " +
                 std::to_string(count) + " outputs");
  DimExpr total = 0;
  for (const DimExpr& part : parts) total = total + part;
  if (isEqual(total, size) == false)
    node.invalid("splits " + size.str() + " into parts of together " + total.str());
  node.emitter.equal(size, total, "its parts add up to the dim");
  DimExpr start = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (node.wants(i)) node.set(i, sliceAxis(node.emitter, node.value(0), axis, start, parts[i]));
    start = start + parts[i];
  }
}

// Indices that are known lie in the dim: rewrites make slices of them, which check nothing. Gives
// them counted from the front.
Elements checkedIndices(Node& node, const Elements& indices, const DimExpr& size) {
  Elements result;
  DimExpr needed = 0;
  for (const DimExpr& index : indices) {
    const bool fromEnd = index.constant().value_or(0) < 0;
    const std::string why = "it reads index " + index.str();
    if (!fromEnd) node.emitter.assume(Relation::kAtLeast, index, 0, why);
    const DimExpr least = fromEnd ? DimExpr(0) - index : index + 1;
    // Of constants the furthest one decides.
    if (index.isConstant()) {
      needed = larger(needed, least);
    } else {
      node.emitter.assume(Relation::kAtLeast, size, least, why);
    }
    result.push_back(fromEnd ? size + index : index);
  }
  node.emitter.assume(Relation::kAtLeast, size, needed, "it reads constant indices");
  return result;
}

void gather(Node& node) {
  const int64_t axis = node.axis(node.integer("axis", 0), node.rank(0));
  Tensor& data = node.input(0);
  const Tensor& indices = node.input(1);
  if (indices.elements && data.elements && data.rank() == 1) {
    Elements result;
    for (const DimExpr& index : *indices.elements) {
      const auto size = static_cast<int64_t>(data.elements->size());
      const int64_t at = index.constant().value_or(size);
      if (at < -size || at >= size) break;
      result.push_back((*data.elements)[at < 0 ? at + size : at]);
    }
    if (result.size() == indices.elements->size()) {
      node.set(symbolicTensor(data.dtype, indices.shape, std::move(result)));
      return;
    }
  }
  if (indices.elements) {
    const Elements checked = checkedIndices(node, *indices.elements, node.shape(0)[axis]);
    if (indices.rank() == 0) {
      node.set(takeIndex(node.emitter, node.value(0), axis, checked.front()));
      return;
    }
  }
  node.set(node.emitter.emit<graph::GatherOp>(node.value(0), node.value(1), axis));
}

void gatherElements(Node& node) {
  const int64_t axis = node.axis(node.integer("axis", 0), node.rank(0));
  for (int64_t i = 0; i < std::min(node.rank(0), node.rank(1)); ++i) {
    if (i == axis) continue;
    node.emitter.assume(Relation::kAtLeast, node.shape(0)[i], node.shape(1)[i],
                        "it has indices for no more than the data's dim " + std::to_string(i));
  }
  node.set(node.emitter.emit<graph::GatherElementsOp>(node.value(0), node.value(1), axis));
}

// Each repeated dim gets a dim before it that is broadcast; both then merge.
void tile(Node& node) {
  const Elements repeats = sizesOf(node, 1, "repeats");
  const graph::Shape& from = node.shape(0);
  if (repeats.size() != from.size()) node.invalid("needs one repeat for each dim");
  graph::Shape open, repeated, merged;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!(repeats[i] == DimExpr(1))) {
      open.push_back(1);
      repeated.push_back(repeats[i]);
    }
    open.push_back(from[i]);
    repeated.push_back(from[i]);
    merged.push_back(from[i] * repeats[i]);
  }
  Emitter& e = node.emitter;
  node.set(e.reshape(e.broadcast(e.reshape(node.value(0), open), repeated), merged));
}

void pad(Node& node) {
  Emitter& e = node.emitter;
  const std::string mode = node.text("mode", "constant");
  graph::PadMode padMode = graph::PadMode::constant;
  if (mode == "reflect") {
    padMode = graph::PadMode::reflect;
  } else if (mode == "edge") {
    padMode = graph::PadMode::edge;
  } else if (mode != "constant") {
    node.unsupported("pads in mode '" + mode + "'");
  }
  const size_t rank = node.rank(0);
  const std::vector<int64_t> pads = node.opset() < 11
                                        ? node.integerList("pads").value_or(std::vector<int64_t>())
                                        : node.integers(1, "pads");
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has(3)) {
    axes = node.integers(3, "axes");
    for (int64_t& axis : axes) axis = node.axis(axis, node.rank(0));
  }
  if (pads.size() != 2 * axes.size()) node.invalid("needs two pads for each axis");
  Value x = node.value(0);
  std::vector<int64_t> low(rank, 0), high(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t before = pads[i], after = pads[i + axes.size()];
    low[axes[i]] = std::max<int64_t>(before, 0);
    high[axes[i]] = std::max<int64_t>(after, 0);
    if (before >= 0 && after >= 0) continue;
    // Negative padding cuts.
    const DimExpr size = graph::shapeOf(x)[axes[i]];
    const int64_t start = std::max<int64_t>(-before, 0);
    x = sliceAxis(e, x, axes[i], start, size - start - std::max<int64_t>(-after, 0));
  }
  for (size_t i = 0; i < rank; ++i) {
    const int64_t widest = std::max(low[i], high[i]);
    if (padMode == graph::PadMode::constant || widest == 0) continue;
    // What is reflected or repeated must be there.
    e.assume(Relation::kAtLeast, graph::shapeOf(x)[i],
             padMode == graph::PadMode::reflect ? widest + 1 : 1,
             "it pads dim " + std::to_string(i) + " by " + std::to_string(widest) + " from inside");
  }
  Value value = node.opset() < 11 ? e.scalarLike(node.number("value", 0), x)
                : node.has(2)     ? e.reshape(node.value(2), {})
                                  : e.scalarLike(0, x);
  node.set(e.emit<graph::PadOp>(x, value, low, high, padMode));
}

// [n, c, h, w] in blocks: the depth is the major part of c (DCR) or the minor (CRD).
void depthToSpace(Node& node) {
  Emitter& e = node.emitter;
  const int64_t block = node.integer("blocksize", 0);
  if (node.rank(0) != 4 || block < 1)
    node.invalid("needs an input of rank 4 and a positive blocksize");
  const graph::Shape& s = node.shape(0);
  e.assume(Relation::kDivisible, s[1], block * block, "its channels are blocks");
  const DimExpr depth = floorDiv(s[1], block * block);
  const bool major = node.text("mode", "DCR") == "DCR";
  Value x = major ? e.reshape(node.value(0), {DimExpr(s[0]), block, block, depth, s[2], s[3]})
                  : e.reshape(node.value(0), {DimExpr(s[0]), depth, block, block, s[2], s[3]});
  x = e.transpose(x, major ? llvm::ArrayRef<int64_t>{0, 3, 4, 1, 5, 2}
                           : llvm::ArrayRef<int64_t>{0, 1, 4, 2, 5, 3});
  node.set(e.reshape(x, {DimExpr(s[0]), depth, s[2] * block, s[3] * block}));
}

void spaceToDepth(Node& node) {
  Emitter& e = node.emitter;
  const int64_t block = node.integer("blocksize", 0);
  if (node.rank(0) != 4 || block < 1)
    node.invalid("needs an input of rank 4 and a positive blocksize");
  const graph::Shape& s = node.shape(0);
  for (size_t i : {2, 3})
    e.assume(Relation::kDivisible, s[i], block, "dim " + std::to_string(i) + " is cut into blocks");
  const DimExpr height = floorDiv(s[2], block), width = floorDiv(s[3], block);
  Value x = e.reshape(node.value(0), {DimExpr(s[0]), s[1], height, block, width, block});
  node.set(e.reshape(e.transpose(x, {0, 3, 5, 1, 2, 4}),
                     {DimExpr(s[0]), s[1] * (block * block), height, width}));
}

}  // namespace

Value sliceAxis(Emitter& emitter, Value value, int64_t axis, const DimExpr& start,
                const DimExpr& size) {
  graph::Shape shape = graph::shapeOf(value);
  if (shape[axis] == size && start.constant() == 0) return value;
  graph::Shape starts(shape.size(), DimExpr(0));
  starts[axis] = start;
  shape[axis] = size;
  const std::vector<int64_t> steps(shape.size(), 1);
  return emitter.emitStated<graph::SliceOp>(emitter.type(shape, graph::dtypeOf(value.getType())),
                                            value, graph::dimsAttr(value.getContext(), starts),
                                            llvm::ArrayRef<int64_t>(steps));
}

Value takeIndex(Emitter& emitter, Value value, int64_t axis, const DimExpr& index) {
  graph::Shape shape = graph::shapeOf(value);
  Value taken = sliceAxis(emitter, value, axis, index, 1);
  shape.erase(shape.begin() + axis);
  return emitter.reshape(taken, shape);
}

std::vector<OpEntry> movementOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"Concat", 7, kLast, 1, kAnyNumber, "axis", concat},
      {"DepthToSpace", 7, kLast, 1, 1, "blocksize mode", depthToSpace},
      {"Gather", 7, kLast, 2, 2, "axis", gather},
      {"GatherElements", 11, kLast, 2, 2, "axis", gatherElements},
      {"Pad", 7, kLast, 1, 4, "mode pads value", pad},
      {"Slice", 7, kLast, 1, 5, "starts ends axes", importSlice},
      {"SpaceToDepth", 7, kLast, 1, 1, "blocksize", spaceToDepth},
      {"Split", 7, kLast, 1, 2, "axis split num_outputs", split},
      {"Tile", 7, kLast, 2, 2, "", tile},
      {"Transpose", 7, kLast, 1, 1, "perm", transpose},
  };
}

}  // namespace mlc::onnx_import
