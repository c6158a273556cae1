#include <cmath>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::graph {
namespace {

// Which element of a scale (a scalar, one per index of the axis, or one per block) belongs to an
// index.
int64_t scaleOffset(llvm::ArrayRef<int64_t> index, const HostTensor& scale, int64_t axis,
                    int64_t blockSize) {
  if (scale.numElements() == 1) return 0;
  if (axis < 0) axis += static_cast<int64_t>(index.size());
  if (blockSize == 0) return index[axis];
  Index block(index);
  block[axis] /= blockSize;
  return offsetOf(block, stridesOf(scale.shape()));
}

// One zero point may be that of all scales.
int64_t zeroOffset(llvm::ArrayRef<HostTensor> x, int64_t scale) {
  return x[2].numElements() == 1 ? 0 : scale;
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
  const bool floats = isFloat(result.dtype());
  auto [low, high] = rangeOf(result.dtype());
  forEachIndex(x[0].shape(), [&, low = low, high = high](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t s = scaleOffset(index, x[1], getAxis(), getBlockSize());
    // The quotient in the input's own precision: it decides ties.
    const float quotient =
        static_cast<float>(loadFloat(x[0], i)) / static_cast<float>(loadFloat(x[1], s));
    if (floats) {
      storeFloat(result, i, static_cast<double>(quotient) + loadNumber(x[2], zeroOffset(x, s)),
                 {.saturate = getSaturate()});
      return;
    }
    const double value =
        std::nearbyint(static_cast<double>(quotient)) + loadNumber(x[2], zeroOffset(x, s));
    storeInteger(result, i, static_cast<int64_t>(std::fmin(std::fmax(value, low), high)));
  });
  results.push_back(std::move(result));
  return mlir::success();
}

llvm::LogicalResult DequantizeOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                           llvm::SmallVectorImpl<HostTensor>& results) {
  HostTensor result = HostTensor::uninitialized(resultType(getResult()), x[0].shape());
  forEachIndex(x[0].shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t s = scaleOffset(index, x[1], getAxis(), getBlockSize());
    storeFloat(result, i,
               (loadNumber(x[0], i) - loadNumber(x[2], zeroOffset(x, s))) * loadFloat(x[1], s));
  });
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
