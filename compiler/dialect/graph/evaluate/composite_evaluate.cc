#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::graph {
namespace {

size_t normalized(int64_t axis, const HostTensor& tensor) {
  return static_cast<size_t>(axis < 0 ? axis + tensor.rank() : axis);
}

int64_t product(llvm::ArrayRef<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return count;
}

// The softmax of values, in place; all -infinity gives NaN, as the formula does, or zeros.
void softmax(std::vector<double>& values, bool logarithm, bool zeroMasked) {
  double maximum = -std::numeric_limits<double>::infinity(), sum = 0;
  for (double value : values) maximum = std::max(maximum, value);
  if (zeroMasked && std::isinf(maximum) && maximum < 0) {
    std::fill(values.begin(), values.end(), 0);
    return;
  }
  for (double value : values) sum += std::exp(value - maximum);
  for (double& value : values) {
    value = logarithm ? value - maximum - std::log(sum) : std::exp(value - maximum) / sum;
  }
}

// Normalizes rows over the dims from axis on; statistics(row) gives {what to subtract, what to
// divide by}.
template <typename Statistics>
HostTensor normalizeRows(llvm::ArrayRef<HostTensor> x, size_t axis, Statistics statistics) {
  const HostTensor& input = x[0];
  const llvm::ArrayRef<int64_t> shape(input.shape()), rowShape = shape.drop_front(axis);
  const int64_t length = product(rowShape), rows = product(shape.take_front(axis));
  HostTensor result = HostTensor::uninitialized(input.dtype(), input.shape());
  std::vector<double> row(length);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < length; ++i) row[i] = loadFloat(input, r * length + i);
    auto [shift, scale] = statistics(row);
    forEachIndex(
        rowShape, [&, shift = shift, scale = scale](llvm::ArrayRef<int64_t> index, int64_t i) {
          double value =
              (row[i] - shift) / scale * loadFloat(x[1], broadcastOffset(index, x[1].shape()));
          if (x.size() > 2) value += loadFloat(x[2], broadcastOffset(index, x[2].shape()));
          storeFloat(result, r * length + i, value);
        });
  }
  return result;
}

}  // namespace

#define MLC_EVALUATE(Op)                                                                   \
  llvm::LogicalResult Op::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&, \
                                   llvm::SmallVectorImpl<HostTensor>& results)

MLC_EVALUATE(SoftmaxOp) {
  const HostTensor& input = x[0];
  const size_t axis = normalized(getAxis(), input);
  std::vector<int64_t> outer = input.shape();
  const int64_t length = outer[axis];
  outer[axis] = 1;
  const Index strides = stridesOf(input.shape());
  HostTensor result = HostTensor::uninitialized(input.dtype(), input.shape());
  std::vector<double> values(length);
  forEachIndex(outer, [&](llvm::ArrayRef<int64_t> index, int64_t) {
    const int64_t base = offsetOf(index, strides);
    for (int64_t i = 0; i < length; ++i) values[i] = loadFloat(input, base + i * strides[axis]);
    softmax(values, getLogarithm(), getZeroMasked());
    for (int64_t i = 0; i < length; ++i) storeFloat(result, base + i * strides[axis], values[i]);
  });
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(LayerNormOp) {
  const double epsilon = getEpsilon().convertToDouble();
  results.push_back(
      normalizeRows(x, normalized(getAxis(), x[0]), [&](const std::vector<double>& row) {
        double mean = 0, variance = 0;
        for (double value : row) mean += value;
        mean /= static_cast<double>(row.size());
        for (double value : row) variance += (value - mean) * (value - mean);
        variance /= static_cast<double>(row.size());
        return std::pair(mean, std::sqrt(variance + epsilon));
      }));
  return mlir::success();
}

MLC_EVALUATE(RmsNormOp) {
  const double epsilon = getEpsilon().convertToDouble();
  results.push_back(
      normalizeRows(x, normalized(getAxis(), x[0]), [&](const std::vector<double>& row) {
        double squares = 0;
        for (double value : row) squares += value * value;
        return std::pair(0.0, std::sqrt(squares / static_cast<double>(row.size()) + epsilon));
      }));
  return mlir::success();
}

MLC_EVALUATE(AttentionOp) {
  const HostTensor &query = x[0], &key = x[1], &value = x[2];
  const HostTensor* mask = getMask() ? &x[3] : nullptr;
  const HostTensor* keep = getKeep() ? &x.back() : nullptr;
  const int64_t batch = query.shape()[0], heads = query.shape()[1], length = query.shape()[2],
                depth = query.shape()[3], keyHeads = key.shape()[1], keys = key.shape()[2],
                width = value.shape()[3];
  const double scale = getScale().convertToDouble();
  HostTensor result = HostTensor::uninitialized(query.dtype(), {batch, heads, length, width});
  std::vector<double> scores(keys);
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t group = b * keyHeads + h * keyHeads / heads;
      for (int64_t i = 0; i < length; ++i) {
        for (int64_t j = 0; j < keys; ++j) {
          double sum = 0;
          for (int64_t d = 0; d < depth; ++d) {
            sum += loadFloat(query, ((b * heads + h) * length + i) * depth + d) *
                   loadFloat(key, (group * keys + j) * depth + d);
          }
          scores[j] = sum * scale;
          if (keep && loadInteger(*keep, broadcastOffset({b, h, i, j}, keep->shape())) == 0)
            scores[j] = getFill()->convertToDouble();
          if (mask) scores[j] += loadFloat(*mask, broadcastOffset({b, h, i, j}, mask->shape()));
          if (getCausal() && j > i + keys - length) {
            scores[j] = -std::numeric_limits<double>::infinity();
          }
        }
        softmax(scores, false, getZeroMasked());
        for (int64_t d = 0; d < width; ++d) {
          double sum = 0;
          for (int64_t j = 0; j < keys; ++j)
            sum += scores[j] * loadFloat(value, (group * keys + j) * width + d);
          storeFloat(result, ((b * heads + h) * length + i) * width + d, sum);
        }
      }
    }
  }
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(RotaryEmbeddingOp) {
  const HostTensor& input = x[0];
  const int64_t depth = input.shape().back(), half = depth / 2;
  HostTensor result = HostTensor::uninitialized(input.dtype(), input.shape());
  forEachIndex(input.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t d = index.back();
    const bool second = getInterleaved() ? d % 2 == 1 : d >= half;
    Index angle(index);
    angle.back() = getInterleaved() ? d / 2 : d % half;
    const int64_t distance = getInterleaved() ? 1 : half;
    const double own = loadFloat(input, i);
    const double other = loadFloat(input, second ? i - distance : i + distance);
    const double cos = loadFloat(x[1], broadcastOffset(angle, x[1].shape()));
    const double sin = loadFloat(x[2], broadcastOffset(angle, x[2].shape()));
    storeFloat(result, i, own * cos + (second ? other : -other) * sin);
  });
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
