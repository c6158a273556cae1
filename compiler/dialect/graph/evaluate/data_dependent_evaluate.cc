#include <algorithm>
#include <numeric>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"

namespace mlc::graph {
namespace {

HostTensor scalar(int64_t value) {
  HostTensor tensor = HostTensor::uninitialized(DType::kI64, {});
  storeInteger(tensor, 0, value);
  return tensor;
}

HostTensor integers(std::vector<int64_t> shape) {
  return HostTensor::zeros(DType::kI64, std::move(shape));
}

// -1, 0 or 1: the order of two elements of any type; NaN is the largest and equals itself.
int order(const HostTensor& tensor, int64_t i, int64_t j) {
  if (isFloat(tensor.dtype())) {
    const double a = loadFloat(tensor, i), b = loadFloat(tensor, j);
    if (a != a || b != b) return (a != a) - (b != b);
    return (a > b) - (a < b);
  }
  const int64_t a = loadInteger(tensor, i), b = loadInteger(tensor, j);
  if (isUnsigned(tensor.dtype())) {
    const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    return (x > y) - (x < y);
  }
  return (a > b) - (a < b);
}

bool isZero(const HostTensor& tensor, int64_t i) {
  return isFloat(tensor.dtype()) ? loadFloat(tensor, i) == 0 : loadInteger(tensor, i) == 0;
}

// The linear offsets of the elements of each slice along an axis (below zero: of each element).
std::vector<std::vector<int64_t>> slicesOf(const HostTensor& tensor, int64_t axis) {
  if (axis < 0) {
    std::vector<std::vector<int64_t>> elements;
    for (int64_t i = 0; i < tensor.numElements(); ++i) elements.push_back({i});
    return elements;
  }
  std::vector<std::vector<int64_t>> slices(tensor.shape()[axis]);
  forEachIndex(tensor.shape(),
               [&](llvm::ArrayRef<int64_t> index, int64_t i) { slices[index[axis]].push_back(i); });
  return slices;
}

}  // namespace

llvm::LogicalResult DefineSizeOp::evaluate(llvm::ArrayRef<HostTensor>, const EvaluationContext&,
                                           llvm::SmallVectorImpl<HostTensor>&) {
  return emitError("is evaluated with its function");
}

llvm::LogicalResult TopKOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext& context,
                                     llvm::SmallVectorImpl<HostTensor>& results) {
  const HostTensor& input = x[0];
  const StatusOr<int64_t> k = exprsOf(getK())[0].evaluate(context.symbols);
  if (!k.ok()) return emitError(k.status().message());
  std::vector<int64_t> shape = input.shape();
  const int64_t axis = getAxis(), length = shape[axis];
  if (*k > length) return emitError("takes ") << *k << " elements of " << length;
  shape[axis] = *k;
  HostTensor values = HostTensor::uninitialized(input.dtype(), shape), indices = integers(shape);
  std::vector<int64_t> outer = shape;
  outer[axis] = 1;
  const Index from = stridesOf(input.shape()), to = stridesOf(shape);
  forEachIndex(outer, [&](llvm::ArrayRef<int64_t> index, int64_t) {
    const int64_t base = offsetOf(index, from), target = offsetOf(index, to);
    std::vector<int64_t> ranks(length);
    std::iota(ranks.begin(), ranks.end(), 0);
    std::stable_sort(ranks.begin(), ranks.end(), [&](int64_t a, int64_t b) {
      const int relation = order(input, base + a * from[axis], base + b * from[axis]);
      return getLargest() ? relation > 0 : relation < 0;
    });
    for (int64_t i = 0; i < *k; ++i) {
      copyElement(values, target + i * to[axis], input, base + ranks[i] * from[axis]);
      storeInteger(indices, target + i * to[axis], ranks[i]);
    }
  });
  results.push_back(std::move(values));
  results.push_back(std::move(indices));
  return mlir::success();
}

llvm::LogicalResult NonZeroOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                        llvm::SmallVectorImpl<HostTensor>& results) {
  const HostTensor& input = x[0];
  const int64_t elements = input.numElements();
  HostTensor indices = integers({input.rank(), elements});
  int64_t count = 0;
  forEachIndex(input.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    if (isZero(input, i)) return;
    for (int64_t d = 0; d < input.rank(); ++d)
      storeInteger(indices, d * elements + count, index[d]);
    ++count;
  });
  results.push_back(std::move(indices));
  results.push_back(scalar(count));
  return mlir::success();
}

// Compares every slice with those found so far: quadratic, and plainly right.
llvm::LogicalResult UniqueOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                       llvm::SmallVectorImpl<HostTensor>& results) {
  const HostTensor& input = x[0];
  const int64_t axis = getAxis();
  const auto slices = slicesOf(input, axis);
  auto compare = [&](int64_t a, int64_t b) {
    for (size_t i = 0; i < slices[a].size(); ++i) {
      if (const int relation = order(input, slices[a][i], slices[b][i])) return relation;
    }
    return 0;
  };
  const auto count = static_cast<int64_t>(slices.size());
  std::vector<int64_t> found, groupOf(slices.size());
  for (int64_t i = 0; i < count; ++i) {
    auto same = std::find_if(found.begin(), found.end(), [&](int64_t j) { return !compare(i, j); });
    groupOf[i] = same == found.end() ? i : *same;
    if (same == found.end()) found.push_back(i);
  }
  if (getSorted())
    std::sort(found.begin(), found.end(), [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
  HostTensor values =
      HostTensor::zeros(input.dtype(), axis < 0 ? std::vector<int64_t>{count} : input.shape());
  HostTensor first = integers({count}), inverse = integers({count}), counts = integers({count});
  const auto targets = slicesOf(values, axis);
  for (size_t g = 0; g < found.size(); ++g) {
    for (size_t i = 0; i < targets[g].size(); ++i)
      copyElement(values, targets[g][i], input, slices[found[g]][i]);
    storeInteger(first, g, found[g]);
    int64_t members = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (groupOf[i] != found[g]) continue;
      storeInteger(inverse, i, g);
      ++members;
    }
    storeInteger(counts, g, members);
  }
  for (HostTensor* tensor : {&values, &first, &inverse, &counts})
    results.push_back(std::move(*tensor));
  results.push_back(scalar(static_cast<int64_t>(found.size())));
  return mlir::success();
}

llvm::LogicalResult NonMaxSuppressionOp::evaluate(llvm::ArrayRef<HostTensor> x,
                                                  const EvaluationContext&,
                                                  llvm::SmallVectorImpl<HostTensor>& results) {
  const HostTensor &boxes = x[0], &scores = x[1];
  const int64_t batches = boxes.shape()[0], n = boxes.shape()[1], classes = scores.shape()[1];
  const int64_t most = loadInteger(x[2], 0);
  const double overlap = loadFloat(x[3], 0), least = loadFloat(x[4], 0);
  // The low and high end along a coordinate: 0 or 1.
  auto ends = [&](int64_t box, int coordinate) -> std::pair<double, double> {
    auto at = [&](int i) { return loadFloat(boxes, box * 4 + i); };
    if (getCenterPointBox()) {
      const double center = at(coordinate), half = at(coordinate + 2) / 2;
      return {center - half, center + half};
    }
    return std::minmax(at(coordinate), at(coordinate + 2));
  };
  auto sharedPart = [&](int64_t a, int64_t b) {
    double common = 1, areaA = 1, areaB = 1;
    for (int coordinate : {0, 1}) {
      const auto [lowA, highA] = ends(a, coordinate);
      const auto [lowB, highB] = ends(b, coordinate);
      common *= std::max(0.0, std::min(highA, highB) - std::max(lowA, lowB));
      areaA *= highA - lowA;
      areaB *= highB - lowB;
    }
    const double together = areaA + areaB - common;
    return common > 0 && together > 0 ? common / together : 0.0;
  };
  HostTensor selected = integers({scores.numElements(), 3});
  int64_t count = 0;
  for (int64_t batch = 0; batch < batches; ++batch) {
    for (int64_t kind = 0; kind < classes; ++kind) {
      auto score = [&](int64_t i) { return loadFloat(scores, (batch * classes + kind) * n + i); };
      std::vector<int64_t> kept;
      std::vector<bool> gone(n);
      while (static_cast<int64_t>(kept.size()) < most) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; ++i) {
          if (!gone[i] && score(i) > least && (best < 0 || score(i) > score(best))) best = i;
        }
        if (best < 0) break;
        gone[best] = true;
        if (llvm::any_of(kept, [&](int64_t i) {
              return sharedPart(batch * n + best, batch * n + i) > overlap;
            })) {
          continue;
        }
        kept.push_back(best);
        for (int64_t value : {batch, kind, best}) storeInteger(selected, count++, value);
      }
    }
  }
  results.push_back(std::move(selected));
  results.push_back(scalar(count / 3));
  return mlir::success();
}

}  // namespace mlc::graph
