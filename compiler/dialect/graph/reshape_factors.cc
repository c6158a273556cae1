// The factors of a reshape: the coarsest common refinement of the dims before and after.
#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {
namespace {

// a / b if that is an exact quotient other than 1.
std::optional<DimExpr> exactQuotient(const DimExpr& a, const DimExpr& b) {
  if (a == b || b.constant() == 0) return std::nullopt;
  DimExpr quotient = floorDiv(a, b);
  if (quotient * b == a) return quotient;
  return std::nullopt;
}

// One side of the reshape: its dims other than 1, major first, and what is left of the current one.
struct Side {
  llvm::SmallVector<std::pair<int64_t, DimExpr>> dims;  // (dim, size)
  size_t next = 0;

  explicit Side(const Shape& shape) {
    for (auto [i, size] : llvm::enumerate(shape)) {
      if (size.constant() != 1) dims.emplace_back(i, size);
    }
  }
  bool done() const { return next == dims.size(); }
  DimExpr& rest() { return dims[next].second; }
  int64_t dim() const { return dims[next].first; }
};

// How many dims of both sides, from the current ones on, hold equally many elements: the fewest
// that can be proven, else all.
std::pair<size_t, size_t> matchingGroup(const Side& from, const Side& to) {
  DimExpr fromCount = 1;
  for (size_t i = from.next; i < from.dims.size(); ++i) {
    fromCount = fromCount * from.dims[i].second;
    DimExpr toCount = 1;
    for (size_t j = to.next; j < to.dims.size(); ++j) {
      toCount = toCount * to.dims[j].second;
      if (fromCount == toCount) return {i + 1, j + 1};
    }
  }
  return {from.dims.size(), to.dims.size()};
}

}  // namespace

OpFactors ReshapeOp::getFactors() {
  FactorBuilder builder(*this);
  Side from(shapeOf(getInput())), to(shapeOf(getResult()));
  while (!from.done() && !to.done()) {
    DimExpr a = from.rest(), b = to.rest();
    std::optional<DimExpr> fromRest = exactQuotient(a, b), toRest = exactQuotient(b, a);
    if (a == b || fromRest || toRest) {
      int factor = builder.add(fromRest ? b : a, FactorKind::kParallel);
      builder.indexOperand(0, from.dim(), factor);
      builder.indexResult(to.dim(), factor);
      if (fromRest)
        from.rest() = *fromRest;
      else
        ++from.next;
      if (toRest)
        to.rest() = *toRest;
      else
        ++to.next;
      continue;
    }
    auto [fromEnd, toEnd] = matchingGroup(from, to);
    for (; from.next < fromEnd; ++from.next) {
      builder.indexOperand(0, from.dim(), builder.add(from.rest(), FactorKind::kWhole));
    }
    for (; to.next < toEnd; ++to.next) {
      builder.indexResult(to.dim(), builder.add(to.rest(), FactorKind::kWhole));
    }
  }
  for (; !from.done(); ++from.next) {
    builder.indexOperand(0, from.dim(), builder.add(from.rest(), FactorKind::kWhole));
  }
  for (; !to.done(); ++to.next)
    builder.indexResult(to.dim(), builder.add(to.rest(), FactorKind::kWhole));
  return builder.take();
}

}  // namespace mlc::graph
