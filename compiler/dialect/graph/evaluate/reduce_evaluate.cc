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

// What a reduction of nothing gives, and others begin with.
template <typename T>
T initialOf(ReduceKind kind, DType type) {
  if (kind == ReduceKind::prod) return 1;
  if (kind != ReduceKind::max && kind != ReduceKind::min) return 0;
  const bool maximum = kind == ReduceKind::max;
  if constexpr (std::is_floating_point_v<T>) {
    const T infinity = std::numeric_limits<T>::infinity();
    return maximum ? -infinity : infinity;
  } else {
    // The ends of the type's range.
    const int bits = dtypeBits(type);
    if (std::is_unsigned_v<T>) return maximum ? 0 : static_cast<T>(~uint64_t{0} >> (64 - bits));
    const auto high = static_cast<int64_t>(~uint64_t{0} >> (65 - bits));
    return static_cast<T>(maximum ? -high - 1 : high);
  }
}

// The mean of `count` elements. Their sum is an f32 at least, and overflows as one.
template <typename T>
T quotient(T sum, int64_t count, DType type) {
  if constexpr (std::is_floating_point_v<T>) {
    return (type == DType::kF64 ? sum : static_cast<float>(sum)) / static_cast<T>(count);
  } else {
    // The mean of no integers is zero.
    return count == 0 ? sum : sum / static_cast<T>(count);
  }
}

template <typename T>
T loadAs(const HostTensor& tensor, int64_t i) {
  if constexpr (std::is_floating_point_v<T>) {
    return loadFloat(tensor, i);
  } else {
    return static_cast<T>(loadInteger(tensor, i));
  }
}

template <typename T>
void storeAs(HostTensor& tensor, int64_t i, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    storeFloat(tensor, i, value);
  } else {
    storeInteger(tensor, i, static_cast<int64_t>(value));
  }
}

// Reduces to the dims `kept`, where those that vanish are 1 and were of `count` elements.
template <typename T>
void reduce(ReduceKind kind, const HostTensor& input, const std::vector<int64_t>& kept,
            int64_t count, HostTensor& result) {
  std::vector<T> folded(result.numElements(), initialOf<T>(kind, input.dtype()));
  forEachIndex(input.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    T& to = folded[broadcastOffset(index, kept)];
    to = fold(kind, to, loadAs<T>(input, i));
  });
  for (int64_t i = 0; i < result.numElements(); ++i) {
    if (kind == ReduceKind::mean) folded[i] = quotient(folded[i], count, input.dtype());
    storeAs(result, i, folded[i]);
  }
}

// The position of the extreme element among `length` ones; NaN is beyond every number.
template <typename T>
int64_t extremePosition(const HostTensor& input, int64_t base, int64_t stride, int64_t length,
                        bool maximum, bool last) {
  int64_t best = 0;
  T extreme = length > 0 ? loadAs<T>(input, base) : T();
  for (int64_t k = 1; k < length; ++k) {
    const T x = loadAs<T>(input, base + k * stride);
    const bool bothNan = x != x && extreme != extreme;
    bool better = maximum ? x > extreme : x < extreme;
    if (x != x || extreme != extreme) better = x != x && extreme == extreme;
    if (better || (last && (x == extreme || bothNan))) {
      best = k;
      extreme = x;
    }
  }
  return best;
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
  if (isFloat(input.dtype())) {
    reduce<double>(getKind(), input, kept, count, result);
  } else if (isUnsigned(input.dtype())) {
    reduce<uint64_t>(getKind(), input, kept, count, result);
  } else {
    reduce<int64_t>(getKind(), input, kept, count, result);
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
    auto position = [&]<typename T>(T) {
      return extremePosition<T>(input, base, strides[axis], input.shape()[axis],
                                getKind() == ReduceKind::max, getSelectLast());
    };
    storeInteger(result, i,
                 isFloat(input.dtype())      ? position(double{})
                 : isUnsigned(input.dtype()) ? position(uint64_t{})
                                             : position(int64_t{}));
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
