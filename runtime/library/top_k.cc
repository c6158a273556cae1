#include <numeric>
#include <vector>

#include "runtime/library/library.h"
#include "runtime/library/tensor_view.h"

namespace mlc::library {
namespace {

// TopK. Operands: x. Attributes: axis, largest (0 or 1). Results, of equal shape (x's, but k along
// the axis, k at most x's dim): values, indices (i64). Sorted; of equal elements the first come
// first; NaN counts as the largest number. Threads share the rows.
Status topK(const Call& call) {
  const MlcTensor &x = call.operands[0], &values = call.results[0], &indices = call.results[1];
  const AxisView from(x, call.attributes[0]), to(values, call.attributes[0]);
  const bool largest = call.attributes[1] != 0;
  if (to.length > from.length) return invalidError("TopK takes more elements than there are");
  const int64_t rows = from.outer * from.inner;
  return withElementType(x.type, [&](auto zero) {
    using T = decltype(zero);
    std::vector<int64_t> order(static_cast<size_t>(from.length));
    for (int64_t row = rows * call.thread / call.threads;
         row < rows * (call.thread + 1) / call.threads; ++row) {
      const int64_t outer = row / from.inner, inner = row % from.inner;
      const T* in = dataOf<T>(x) + outer * from.length * from.inner + inner;
      auto at = [&](int64_t i) { return in[i * from.inner]; };
      std::iota(order.begin(), order.end(), int64_t{0});
      std::partial_sort(order.begin(), order.begin() + to.length, order.end(),
                        [&](int64_t a, int64_t b) {
                          const T u = at(a), v = at(b);
                          if (largest ? isLess(v, u) : isLess(u, v)) return true;
                          if (largest ? isLess(u, v) : isLess(v, u)) return false;
                          return a < b;
                        });
      const int64_t first = outer * to.length * to.inner + inner;
      for (int64_t i = 0; i < to.length; ++i) {
        dataOf<T>(values)[first + i * to.inner] = at(order[static_cast<size_t>(i)]);
        dataOf<int64_t>(indices)[first + i * to.inner] = order[static_cast<size_t>(i)];
      }
    }
    return okStatus();
  });
}

const Function kTopK("top_k", topK);

}  // namespace
}  // namespace mlc::library
