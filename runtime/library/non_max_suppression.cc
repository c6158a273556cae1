#include <numeric>
#include <vector>

#include "runtime/library/library.h"
#include "runtime/library/tensor_view.h"

namespace mlc::library {
namespace {

struct Box {
  float top, left, bottom, right;

  float area() const { return (bottom - top) * (right - left); }
};

// Corners in any order, or center, width and height.
Box readBox(const float* data, bool isCenter) {
  if (isCenter) {
    const float halfWidth = data[2] / 2, halfHeight = data[3] / 2;
    return {data[1] - halfHeight, data[0] - halfWidth, data[1] + halfHeight, data[0] + halfWidth};
  }
  return {std::min(data[0], data[2]), std::min(data[1], data[3]), std::max(data[0], data[2]),
          std::max(data[1], data[3])};
}

float intersectionOverUnion(const Box& a, const Box& b) {
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0) || !(width > 0)) return 0;
  const float common = height * width, total = a.area() + b.area() - common;
  return total > 0 ? common / total : 0;
}

// NonMaxSuppression. Operands: boxes f32 [batches, n, 4], scores f32 [batches, classes, n], the
// most boxes of a class (i64), the intersection over union that suppresses (f32), the least score
// (f32). Attributes: center_point_box. Results: i64 [batches * classes * n, 3], rows of batch,
// class, box; count (i64). Thread 0 does it. Algorithm: greedy, by falling score, of equal ones the
// first.
Status nonMaxSuppression(const Call& call) {
  if (call.thread != 0) return okStatus();
  const MlcTensor &boxes = call.operands[0], &scores = call.operands[1];
  const int64_t batches = boxes.dims[0], count = boxes.dims[1], classes = scores.dims[1];
  const int64_t most = *dataOf<int64_t>(call.operands[2]);
  const float overlap = *dataOf<float>(call.operands[3]), least = *dataOf<float>(call.operands[4]);
  const bool isCenter = call.attributes[0] != 0;
  auto* rows = dataOf<int64_t>(call.results[0]);
  int64_t written = 0;
  for (int64_t batch = 0; batch < batches; ++batch) {
    auto boxAt = [&](int64_t i) {
      return readBox(dataOf<float>(boxes) + (batch * count + i) * 4, isCenter);
    };
    for (int64_t kind = 0; kind < classes; ++kind) {
      const float* own = dataOf<float>(scores) + (batch * classes + kind) * count;
      std::vector<int64_t> order;
      for (int64_t i = 0; i < count; ++i) {
        if (own[i] > least) order.push_back(i);
      }
      std::stable_sort(order.begin(), order.end(),
                       [&](int64_t a, int64_t b) { return own[a] > own[b]; });
      std::vector<Box> kept;
      for (const int64_t i : order) {
        if (static_cast<int64_t>(kept.size()) >= most) break;
        const Box box = boxAt(i);
        if (std::any_of(kept.begin(), kept.end(), [&](const Box& other) {
              return intersectionOverUnion(box, other) > overlap;
            })) {
          continue;
        }
        kept.push_back(box);
        for (const int64_t value : {batch, kind, i}) rows[written++] = value;
      }
    }
  }
  *dataOf<int64_t>(call.results[1]) = written / 3;
  return okStatus();
}

const Function kNonMaxSuppression("non_max_suppression", nonMaxSuppression);

}  // namespace
}  // namespace mlc::library
