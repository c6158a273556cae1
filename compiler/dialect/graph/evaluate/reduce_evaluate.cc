#include <cmath>
#include <limits>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::graph {
namespace {

size_t normalized(int64_t axis, const HostTensor& tensor) {
  return static_cast<size_t>(axis < 0 ? axis + tensor.rank() : axis);
}

// How one element joins what has been folded so far; NaN stays.
template <typename T>
T fold(ReduceKind kind, T a, T b) {
  switch (kind) {
    case ReduceKind::sum:
    case ReduceKind::mean:
      return a + b;
    case ReduceKind::prod:
      return a * b;
    case ReduceKind::max:
      return b > a || b != b ? b : a;
    case ReduceKind::min:
      return b < a || b != b ? b : a;
  }
  return a;
}

template <typename T>
T initialOf(ReduceKind kind) {
  using Limits = std::numeric_limits<T>;
  if (kind == ReduceKind::prod) return 1;
  if (kind == ReduceKind::max) return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  if (kind == ReduceKind::min) return Limits::has_infinity ? Limits::infinity() : Limits::max();
  return 0;
}

}  // namespace

llvm::LogicalResult ReduceOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                       llvm::SmallVectorImpl<HostTensor>& results) {
  const HostTensor& input = x[0];
  std::vector<int64_t> kept = input.shape(), shape;
  std::vector<bool> reduced(kept.size());
  int64_t count = 1;
  for (int64_t axis : getAxes()) {
    const size_t d = normalized(axis, input);
    reduced[d] = true;
    count *= kept[d];
    kept[d] = 1;
  }
  for (size_t d = 0; d < kept.size(); ++d) {
    if (!reduced[d] || getKeepDims()) shape.push_back(kept[d]);
  }
  HostTensor result = HostTensor::uninitialized(input.dtype(), shape);
  const bool floats = isFloat(input.dtype());
  std::vector<double> doubles(floats ? result.numElements() : 0, initialOf<double>(getKind()));
  std::vector<int64_t> integers(floats ? 0 : result.numElements(), initialOf<int64_t>(getKind()));
  forEachIndex(input.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t to = broadcastOffset(index, kept);
    if (floats) {
      doubles[to] = fold(getKind(), doubles[to], loadFloat(input, i));
    } else {
      integers[to] = fold(getKind(), integers[to], loadInteger(input, i));
    }
  });
  const bool mean = getKind() == ReduceKind::mean;
  for (int64_t i = 0; i < result.numElements(); ++i) {
    if (floats) {
      storeFloat(result, i, mean ? doubles[i] / static_cast<double>(count) : doubles[i]);
    } else {
      storeInteger(result, i, mean && count ? integers[i] / count : integers[i]);
    }
  }
  results.push_back(std::move(result));
  return mlir::success();
}

llvm::LogicalResult ArgReduceOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                          llvm::SmallVectorImpl<HostTensor>& results) {
  const HostTensor& input = x[0];
  const size_t axis = normalized(getAxis(), input);
  std::vector<int64_t> kept = input.shape();
  kept[axis] = 1;
  std::vector<int64_t> shape = kept;
  if (!getKeepDims()) shape.erase(shape.begin() + static_cast<int64_t>(axis));
  const Index strides = stridesOf(input.shape());
  HostTensor result = HostTensor::uninitialized(DType::kI64, shape);
  forEachIndex(kept, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t base = offsetOf(index, strides);
    int64_t best = 0;
    for (int64_t k = 1; k < input.shape()[axis]; ++k) {
      const double a = loadNumber(input, base + k * strides[axis]);
      const double b = loadNumber(input, base + best * strides[axis]);
      const bool better = getKind() == ReduceKind::max ? a > b : a < b;
      if (better || (getSelectLast() && a == b)) best = k;
    }
    storeInteger(result, i, best);
  });
  results.push_back(std::move(result));
  return mlir::success();
}

llvm::LogicalResult CumSumOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                       llvm::SmallVectorImpl<HostTensor>& results) {
  const HostTensor& input = x[0];
  const size_t axis = normalized(getAxis(), input);
  std::vector<int64_t> outer = input.shape();
  const int64_t length = outer[axis];
  outer[axis] = 1;
  const Index strides = stridesOf(input.shape());
  HostTensor result = HostTensor::uninitialized(input.dtype(), input.shape());
  forEachIndex(outer, [&](llvm::ArrayRef<int64_t> index, int64_t) {
    const int64_t base = offsetOf(index, strides);
    double sum = 0;
    int64_t integerSum = 0;
    for (int64_t step = 0; step < length; ++step) {
      const int64_t at = base + (getReverse() ? length - 1 - step : step) * strides[axis];
      const double before = sum;
      const int64_t integerBefore = integerSum;
      if (isFloat(input.dtype())) {
        sum += loadFloat(input, at);
        storeFloat(result, at, getExclusive() ? before : sum);
      } else {
        integerSum += loadInteger(input, at);
        storeInteger(result, at, getExclusive() ? integerBefore : integerSum);
      }
    }
  });
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
