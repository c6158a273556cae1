#include <cmath>
#include <limits>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "llvm/Support/MathExtras.h"

namespace mlc::graph {
namespace {

// Output positions along one spatial dim.
int64_t outputSize(int64_t size, int64_t kernel, int64_t stride, int64_t pads, int64_t dilation) {
  return llvm::divideFloorSigned(size + pads - dilation * (kernel - 1) - 1, stride) + 1;
}

// The input coordinate for an output and kernel position along spatial dim d.
template <typename Op>
int64_t inputAt(Op& op, size_t d, int64_t output, int64_t kernel) {
  return output * op.getStrides()[d] + kernel * op.getDilations()[d] - op.getPadsLow()[d];
}

template <typename Op>
std::vector<int64_t> outputShape(Op& op, const HostTensor& input, int64_t channels,
                                 llvm::ArrayRef<int64_t> kernel) {
  std::vector<int64_t> shape{input.shape()[0], channels};
  for (size_t d = 0; d < kernel.size(); ++d) {
    shape.push_back(outputSize(input.shape()[2 + d], kernel[d], op.getStrides()[d],
                               op.getPadsLow()[d] + op.getPadsHigh()[d], op.getDilations()[d]));
  }
  return shape;
}

std::vector<double> widened(const HostTensor& tensor) {
  std::vector<double> values(tensor.numElements());
  for (size_t i = 0; i < values.size(); ++i) values[i] = loadNumber(tensor, i);
  return values;
}

}  // namespace

#define MLC_EVALUATE(Op)                                                                   \
  llvm::LogicalResult Op::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&, \
                                   llvm::SmallVectorImpl<HostTensor>& results)

// Adds each kernel position's product to whole output rows (the last spatial dim), which is
// contiguous.
MLC_EVALUATE(ConvOp) {
  const HostTensor &input = x[0], &filter = x[1];
  const llvm::ArrayRef<int64_t> kernel = llvm::ArrayRef(filter.shape()).drop_front(2);
  const int64_t outChannels = filter.shape()[0], perGroupIn = filter.shape()[1];
  const int64_t perGroupOut = outChannels / static_cast<int64_t>(getGroups());
  const size_t spatial = kernel.size(), last = spatial - 1;
  const std::vector<int64_t> shape = outputShape(*this, input, outChannels, kernel);
  const std::vector<double> pixels = widened(input), weights = widened(filter);
  const Index inputStrides = stridesOf(input.shape());
  std::vector<double> sums(HostTensor::uninitialized(DType::kF32, shape).numElements(), 0);
  const std::vector<int64_t> rows(shape.begin(), shape.end() - 1);
  const int64_t width = shape.back(), inputWidth = input.shape().back();
  std::vector<int64_t> taps{perGroupIn};
  taps.insert(taps.end(), kernel.begin(), kernel.end());
  const int64_t tapCount =
      perGroupIn *
      (weights.empty() ? 0 : static_cast<int64_t>(weights.size()) / outChannels / perGroupIn);
  forEachIndex(rows, [&](llvm::ArrayRef<int64_t> row, int64_t r) {
    double* out = sums.data() + r * width;
    const int64_t channel = row[1], firstIn = channel / perGroupOut * perGroupIn;
    if (x.size() > 2) {
      for (int64_t w = 0; w < width; ++w) out[w] = loadFloat(x[2], channel);
    }
    forEachIndex(taps, [&](llvm::ArrayRef<int64_t> tap, int64_t t) {
      int64_t base = row[0] * inputStrides[0] + (firstIn + tap[0]) * inputStrides[1];
      bool isPadding = false;
      for (size_t d = 0; d < last; ++d) {
        const int64_t at = inputAt(*this, d, row[2 + d], tap[1 + d]);
        isPadding |= at < 0 || at >= input.shape()[2 + d];
        base += at * inputStrides[2 + d];
      }
      const double weight = weights[channel * tapCount + t];
      for (int64_t w = 0; w < width; ++w) {
        const int64_t at = inputAt(*this, last, w, tap[1 + last]);
        const bool isInside = !isPadding && at >= 0 && at < inputWidth;
        // The padding is zeros, whose product with an infinite weight is NaN.
        out[w] += weight * (isInside ? pixels[base + at] : 0);
      }
    });
  });
  HostTensor result = HostTensor::uninitialized(resultType(getResult()), shape);
  for (size_t i = 0; i < sums.size(); ++i) {
    if (isFloat(result.dtype())) {
      storeFloat(result, i, sums[i]);
    } else {
      storeInteger(result, i, static_cast<int64_t>(sums[i]));
    }
  }
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(BlockedConvOp) {
  const HostTensor &input = x[0], &filter = x[1];
  const bool depthwise = getDepthwise();
  const llvm::ArrayRef<int64_t> kernel = llvm::ArrayRef(filter.shape()).slice(depthwise ? 1 : 2, 2);
  const int64_t block = getBlock(), panel = filter.shape().back();
  std::vector<int64_t> shape{input.shape()[0], static_cast<int64_t>(getChannels()) / block};
  for (size_t d = 0; d < 2; ++d) {
    shape.push_back(outputSize(input.shape()[2 + d], kernel[d], getStrides()[d],
                               getPadsLow()[d] + getPadsHigh()[d], getDilations()[d]));
  }
  shape.push_back(block);
  const Index inputStrides = stridesOf(input.shape()), filterStrides = stridesOf(filter.shape());
  HostTensor result = HostTensor::uninitialized(resultType(getResult()), shape);
  // Input blocks, kernel, elements of an input block.
  const std::vector<int64_t> taps{depthwise ? 1 : input.shape()[1], kernel[0], kernel[1],
                                  depthwise ? 1 : input.shape()[4]};
  forEachIndex(shape, [&](llvm::ArrayRef<int64_t> at, int64_t i) {
    const int64_t channel = at[1] * block + at[4];
    double sum = 0;
    forEachIndex(taps, [&](llvm::ArrayRef<int64_t> tap, int64_t) {
      const int64_t row = inputAt(*this, 0, at[2], tap[1]),
                    column = inputAt(*this, 1, at[3], tap[2]);
      if (row < 0 || row >= input.shape()[2] || column < 0 || column >= input.shape()[3]) return;
      const int64_t inBlock = depthwise ? at[1] : tap[0], inChannel = depthwise ? at[4] : tap[3];
      const int64_t offset = at[0] * inputStrides[0] + inBlock * inputStrides[1] +
                             row * inputStrides[2] + column * inputStrides[3] + inChannel;
      const int64_t weight = depthwise
                                 ? inBlock * filterStrides[0] + tap[1] * filterStrides[1] +
                                       tap[2] * filterStrides[2] + inChannel
                                 : channel / panel * filterStrides[0] + inBlock * filterStrides[1] +
                                       tap[1] * filterStrides[2] + tap[2] * filterStrides[3] +
                                       inChannel * filterStrides[4] + channel % panel;
      sum += loadFloat(input, offset) * loadFloat(filter, weight);
    });
    storeFloat(result, i, sum);
  });
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(PoolOp) {
  const HostTensor& input = x[0];
  const bool maximum = getKind() == PoolKind::max;
  const std::vector<int64_t> shape = outputShape(*this, input, input.shape()[1], getKernel());
  const Index strides = stridesOf(input.shape());
  HostTensor result = HostTensor::uninitialized(input.dtype(), shape);
  forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    double folded = maximum ? -std::numeric_limits<double>::infinity() : 0;
    int64_t count = 0;
    forEachIndex(getKernel(), [&](llvm::ArrayRef<int64_t> tap, int64_t) {
      int64_t offset = index[0] * strides[0] + index[1] * strides[1];
      bool inside = true, declared = true;
      for (size_t d = 0; d < tap.size(); ++d) {
        const int64_t at = inputAt(*this, d, index[2 + d], tap[d]), size = input.shape()[2 + d];
        inside &= at >= 0 && at < size;
        const int64_t padHigh = getCeilMode() ? getPadsLow()[d] : getPadsHigh()[d];
        declared &= at < size + padHigh;
        offset += at * strides[2 + d];
      }
      if (inside) {
        const double value = loadNumber(input, offset);
        folded = maximum ? (std::isnan(value) ? value : std::max(folded, value)) : folded + value;
      }
      count += getCountIncludePad() ? declared : inside;
    });
    if (isFloat(result.dtype())) {
      storeFloat(result, i, maximum ? folded : folded / static_cast<double>(count));
    } else {
      storeInteger(result, i, static_cast<int64_t>(folded));
    }
  });
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(MaxPoolWithIndicesOp) {
  const HostTensor& input = x[0];
  const std::vector<int64_t> shape = outputShape(*this, input, input.shape()[1], getKernel());
  const Index strides = stridesOf(input.shape());
  HostTensor result = HostTensor::zeros(input.dtype(), shape);
  HostTensor indices = HostTensor::zeros(DType::kI64, shape);
  forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    int64_t best = -1, bestIndex = 0;
    forEachIndex(getKernel(), [&](llvm::ArrayRef<int64_t> tap, int64_t) {
      const int64_t plane = index[0] * strides[0] + index[1] * strides[1];
      int64_t offset = plane, column = plane, step = 1;
      bool inside = true;
      for (size_t d = 0; d < tap.size(); ++d) {
        const int64_t at = inputAt(*this, d, index[2 + d], tap[d]), size = input.shape()[2 + d];
        inside &= at >= 0 && at < size;
        offset += at * strides[2 + d];
        column += at * step;
        step *= size;
      }
      if (!inside) return;
      const bool isFirst = best < 0;
      const bool wasNan = !isFirst && std::isnan(loadNumber(input, best));
      const double value = loadNumber(input, offset);
      if (!isFirst && (wasNan || !(std::isnan(value) || value > loadNumber(input, best)))) return;
      best = offset;
      bestIndex = getColumnMajor() ? column : offset;
    });
    if (best >= 0) {
      copyElement(result, i, input, best);
    } else if (isFloat(input.dtype())) {
      storeFloat(result, i, -std::numeric_limits<double>::infinity());
    }
    storeInteger(indices, i, bestIndex);
  });
  results.push_back(std::move(result));
  results.push_back(std::move(indices));
  return mlir::success();
}

MLC_EVALUATE(LrnOp) {
  const HostTensor& input = x[0];
  const auto size = static_cast<int64_t>(getSize());
  const int64_t channels = input.shape()[1], stride = stridesOf(input.shape())[1];
  const double alpha = getAlpha().convertToDouble(), beta = getBeta().convertToDouble(),
               bias = getBias().convertToDouble();
  HostTensor result = HostTensor::uninitialized(input.dtype(), input.shape());
  forEachIndex(input.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t low = index[1] - (size - 1) / 2;
    double squares = 0;
    for (int64_t c = std::max<int64_t>(low, 0); c < std::min(low + size, channels); ++c) {
      const double value = loadFloat(input, i + (c - index[1]) * stride);
      squares += value * value;
    }
    const double scale = std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
    storeFloat(result, i, loadFloat(input, i) / scale);
  });
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
