#include <algorithm>
#include <numeric>

#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

constexpr int64_t kMostElements = 8000;
constexpr int64_t kMostDims = 5;

}  // namespace

Value transposed(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) < 2) return {};
  std::vector<int64_t> permutation(static_cast<size_t>(rankOf(x)));
  std::iota(permutation.begin(), permutation.end(), 0);
  for (int64_t i = rankOf(x) - 1; i > 0; --i) {
    std::swap(permutation[static_cast<size_t>(i)],
              permutation[static_cast<size_t>(w.random().between(0, i))]);
  }
  return w.transpose(x, permutation);
}

Value splitDim(GraphWriter& w, const Surroundings&, Value x) {
  const int64_t dim = staticDim(w.random(), x);
  if (dim < 0 || rankOf(x) == kMostDims) return {};
  const int64_t size = sizeOf(x, static_cast<size_t>(dim));
  std::vector<int64_t> divisors;
  for (int64_t i = 1; i <= size; ++i) {
    if (size % i == 0) divisors.push_back(i);
  }
  const int64_t major = w.random().oneOfList(divisors);
  graph::Shape shape = shapeOf(x);
  shape[static_cast<size_t>(dim)] = major;
  shape.insert(shape.begin() + dim + 1, DimExpr(size / major));
  return w.reshape(x, shape);
}

Value mergeDims(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) < 2) return {};
  const int64_t dim = w.random().between(0, rankOf(x) - 2);
  graph::Shape shape = shapeOf(x);
  shape[static_cast<size_t>(dim)] =
      shape[static_cast<size_t>(dim)] * shape[static_cast<size_t>(dim + 1)];
  shape.erase(shape.begin() + dim + 1);
  return w.reshape(x, shape);
}

Value sliced(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) == 0) return {};
  Random& random = w.random();
  const int64_t axis = random.between(0, rankOf(x) - 1);
  const DimExpr size = shapeOf(x)[static_cast<size_t>(axis)];
  const auto dim = static_cast<size_t>(axis);
  if (!size.isConstant()) {
    // The last one, as when the next token is wanted; or all, backwards.
    return random.oneIn(2) ? w.slice(x, dim, size - DimExpr(1), 1, 1)
                           : w.slice(x, dim, size - DimExpr(1), size, -1);
  }
  const int64_t whole = *size.constant();
  if (random.oneIn(5)) return w.slice(x, dim, whole - 1, whole, -1);
  const int64_t start = random.between(0, whole - 1), step = random.oneIn(3) ? 2 : 1;
  return w.slice(x, dim, start, random.between(1, (whole - start + step - 1) / step), step);
}

Value concatenated(GraphWriter& w, const Surroundings& s, Value x) {
  if (rankOf(x) == 0) return {};
  const auto axis = static_cast<size_t>(w.random().between(0, rankOf(x) - 1));
  const graph::Shape shape = shapeOf(x);
  std::vector<Value> parts = {x};
  for (Value other : s.values) {
    graph::Shape own = shapeOf(other);
    if (other == x || own.size() != shape.size() || parts.size() == 3) continue;
    own[axis] = shape[axis];
    if (own == shape) parts.push_back(other);
  }
  if (parts.size() == 1) parts.push_back(w.make<graph::NegOp>(x));
  if (w.random().oneIn(2)) std::reverse(parts.begin(), parts.end());
  int64_t elements = 0;
  for (Value part : parts) elements += elementsOf(shapeOf(part), s.sizes);
  return elements > kMostElements
             ? Value()
             : w.make<graph::ConcatOp>(mlir::ValueRange(parts), static_cast<uint64_t>(axis));
}

Value padded(GraphWriter& w, const Surroundings& s, Value x) {
  if (rankOf(x) == 0 || elementsOf(shapeOf(x), s.sizes) > kMostElements / 4) return {};
  const auto rank = static_cast<size_t>(rankOf(x));
  std::vector<int64_t> low(rank, 0), high(rank, 0);
  const auto axis = static_cast<size_t>(w.random().between(0, rankOf(x) - 1));
  low[axis] = w.random().between(0, 2);
  high[axis] = w.random().between(0, 1);
  // What may be empty has no edge.
  const auto mode =
      sizeOf(x, axis) > 0 && w.random().oneIn(3) ? graph::PadMode::edge : graph::PadMode::constant;
  return w.make<graph::PadOp>(x, w.scalar(0.5), llvm::ArrayRef<int64_t>(low),
                              llvm::ArrayRef<int64_t>(high), mode);
}

Value gathered(GraphWriter& w, const Surroundings& s, Value x) {
  Random& random = w.random();
  const int64_t axis = staticDim(random, x);
  if (axis < 0) return {};
  const int64_t size = sizeOf(x, static_cast<size_t>(axis));
  // By the input, or by a constant list.
  const bool byInput =
      s.indices && size > 2 && rankOf(x) + rankOf(s.indices) - 1 <= kMostDims && random.oneIn(3) &&
      elementsOf(shapeOf(x), s.sizes) * elementsOf(shapeOf(s.indices), s.sizes) < kMostElements;
  if (byInput) return w.make<graph::GatherOp>(x, s.indices, static_cast<uint64_t>(axis));
  HostTensor indices = HostTensor::uninitialized(DType::kI64, {random.between(1, 6)});
  for (int64_t i = 0; i < indices.numElements(); ++i)
    indices.data<int64_t>()[i] = random.between(-size, size - 1);
  return w.make<graph::GatherOp>(x, w.constant(indices), static_cast<uint64_t>(axis));
}

Value stretched(GraphWriter& w, const Surroundings& s, Value x) {
  if (rankOf(x) >= kMostDims || elementsOf(shapeOf(x), s.sizes) > kMostElements / 4) return {};
  graph::Shape shape = shapeOf(x);
  for (DimExpr& dim : shape) {
    if (dim != DimExpr(1)) continue;
    dim = w.random().between(2, 4);
    return w.broadcast(x, shape);
  }
  shape.insert(shape.begin(), DimExpr(w.random().between(1, 3)));
  return w.broadcast(x, shape);
}

}  // namespace mlc::equivalence
