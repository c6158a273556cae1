#include "compiler/partition/layout_values.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "runtime/package/manifest.h"

namespace mlc::partition {
namespace {

using mlir::Location;
using mlir::OpBuilder;
using mlir::RankedTensorType;
using mlir::Value;

constexpr llvm::StringLiteral kAxis = "tp";

graph::ReduceKind reduceKind(FactorKind kind) {
  switch (kind) {
    case FactorKind::kReduceMax:
      return graph::ReduceKind::max;
    case FactorKind::kReduceMin:
      return graph::ReduceKind::min;
    default:
      return graph::ReduceKind::sum;
  }
}

// The type with another size of a dim.
RankedTensorType resized(Value value, int dim, int64_t size) {
  graph::Shape shape = graph::shapeOf(value);
  shape[dim] = DimExpr(size);
  return graph::tensorType(shape, mlir::getElementTypeOrSelf(value.getType()));
}

// Of a dim that is split it is static.
int64_t dimSize(Value value, int dim) { return *graph::shapeOf(value)[dim].constant(); }

}  // namespace

int64_t LayoutValues::pieceSize(int64_t size, const Layout& layout) const {
  return pieceSizes(size, layout.shares)[tpRank_];
}

DimExpr LayoutValues::offsetOf(int64_t size, const Layout& layout) const {
  const std::vector<int64_t> sizes = pieceSizes(size, layout.shares);
  const bool isEven =
      std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) == sizes.end();
  if (isEven) return DimExpr(sizes[0]) * DimExpr::symbol(package::kTpRankSymbol);
  return std::accumulate(sizes.begin(), sizes.begin() + tpRank_, int64_t{0});
}

LayoutValues::Entry* LayoutValues::find(int tensor, Layout::Kind kind) {
  for (Entry& entry : values_[tensor]) {
    if (entry.layout.kind == kind) return &entry;
  }
  return nullptr;
}

Value LayoutValues::get(OpBuilder& builder, Location location, int tensor, const Layout& layout) {
  for (Entry& entry : values_[tensor]) {
    if (!(entry.layout == layout)) continue;
    if (!entry.value) entry.value = builder.clone(*entry.weight)->getResult(0);
    return entry.value;
  }
  if (layout.kind == Layout::Kind::kPartial) return {};
  if (layout.kind == Layout::Kind::kReplicated) return replicate(builder, location, tensor);
  Value made;
  Entry* whole = find(tensor, Layout::Kind::kReplicated);
  Entry* partial = find(tensor, Layout::Kind::kPartial);
  if (whole && whole->weight) {
    made = cutWeight(builder, whole->weight, layout);
  } else if (!whole && partial) {
    const int64_t size = dimSize(partial->value, layout.dim);
    made = dist::ReduceScatterOp::create(
        builder, location, resized(partial->value, layout.dim, pieceSize(size, layout)),
        partial->value, builder.getStringAttr(kAxis), builder.getI64IntegerAttr(layout.dim),
        builder.getDenseI64ArrayAttr(pieceSizes(size, layout.shares)),
        graph::ReduceKindAttr::get(builder.getContext(), reduceKind(partial->layout.reduction)));
  } else {
    made =
        cut(builder, location, whole ? whole->value : replicate(builder, location, tensor), layout);
  }
  add(tensor, layout, made);
  return made;
}

Value LayoutValues::replicate(OpBuilder& builder, Location location, int tensor) {
  Value made;
  if (Entry* split = find(tensor, Layout::Kind::kSplit)) {
    const int dim = split->layout.dim;
    // tp cuts static dims only, and never the batch: the whole size is the nominal one.
    const int64_t size = function_.tensors[tensor].dims[dim];
    made = dist::AllGatherOp::create(
        builder, location, resized(split->value, dim, size), split->value,
        builder.getStringAttr(kAxis), builder.getI64IntegerAttr(dim),
        builder.getDenseI64ArrayAttr(pieceSizes(size, split->layout.shares)));
  } else {
    Entry* partial = find(tensor, Layout::Kind::kPartial);
    made = dist::AllReduceOp::create(
        builder, location, partial->value.getType(), partial->value, builder.getStringAttr(kAxis),
        graph::ReduceKindAttr::get(builder.getContext(), reduceKind(partial->layout.reduction)));
  }
  add(tensor, Layout::replicated(), made);
  return made;
}

Value LayoutValues::cut(OpBuilder& builder, Location location, Value whole,
                        const Layout& layout) const {
  const int64_t size = dimSize(whole, layout.dim);
  const size_t rank = graph::shapeOf(whole).size();
  llvm::SmallVector<DimExpr> starts(rank, DimExpr(0));
  starts[layout.dim] = offsetOf(size, layout);
  return graph::SliceOp::create(builder, location,
                                resized(whole, layout.dim, pieceSize(size, layout)), whole,
                                graph::dimsAttr(builder.getContext(), starts),
                                builder.getDenseI64ArrayAttr(llvm::SmallVector<int64_t>(rank, 1)));
}

Value LayoutValues::cutWeight(OpBuilder& builder, mlir::Operation* weight,
                              const Layout& layout) const {
  mlir::Operation* copy = builder.clone(*weight);
  Value whole = copy->getResult(0);
  if (!copy->hasTrait<graph::StoredLeaf>()) return cut(builder, weight->getLoc(), whole, layout);
  // A rank keeps no more of a state than its part.
  if (auto cutWeight = llvm::dyn_cast<graph::WeightOp>(copy)) {
    dist::setCut(cutWeight, dist::CutAttr::get(builder.getContext(), layout.dim, layout.shares));
  }
  whole.setType(resized(whole, layout.dim, pieceSize(dimSize(whole, layout.dim), layout)));
  return whole;
}

}  // namespace mlc::partition
