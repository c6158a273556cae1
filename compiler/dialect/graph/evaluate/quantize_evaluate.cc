#include <cmath>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::graph {
namespace {

// Which element of a scale (a scalar, one per index of the axis, or of the input's rank) belongs to
// an index.
int64_t scaleOffset(llvm::ArrayRef<int64_t> index, const HostTensor& scale, int64_t axis) {
  if (scale.numElements() == 1) return 0;
  if (scale.rank() == 1) return index[axis < 0 ? axis + static_cast<int64_t>(index.size()) : axis];
  return broadcastOffset(index, scale.shape());
}

// The ends of an integer type's range.
std::pair<double, double> rangeOf(DType type) {
  const int bits = dtypeBits(type);
  if (isUnsigned(type)) return {0, std::ldexp(1.0, bits) - 1};
  return {-std::ldexp(1.0, bits - 1), std::ldexp(1.0, bits - 1) - 1};
}

}  // namespace

llvm::LogicalResult QuantizeOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                         llvm::SmallVectorImpl<HostTensor>& results) {
  HostTensor result = HostTensor::uninitialized(resultType(getResult()), x[0].shape());
  auto [low, high] = rangeOf(result.dtype());
  forEachIndex(x[0].shape(), [&, low = low, high = high](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t s = scaleOffset(index, x[1], getAxis());
    // The quotient in the input's own precision: it decides ties.
    const float quotient =
        static_cast<float>(loadFloat(x[0], i)) / static_cast<float>(loadFloat(x[1], s));
    const double value = std::nearbyint(static_cast<double>(quotient)) + loadNumber(x[2], s);
    storeInteger(result, i, static_cast<int64_t>(std::fmin(std::fmax(value, low), high)));
  });
  results.push_back(std::move(result));
  return mlir::success();
}

llvm::LogicalResult DequantizeOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                           llvm::SmallVectorImpl<HostTensor>& results) {
  HostTensor result = HostTensor::uninitialized(resultType(getResult()), x[0].shape());
  forEachIndex(x[0].shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t s = scaleOffset(index, x[1], getAxis());
    storeFloat(result, i, (loadNumber(x[0], i) - loadNumber(x[2], s)) * loadFloat(x[1], s));
  });
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
