#include <numeric>
#include <vector>

#include "runtime/library/library.h"
#include "runtime/library/tensor_view.h"

namespace mlc::library {
namespace {

// Slices of x along an axis, compared element by element.
template <typename T>
class Slices {
 public:
  Slices(const MlcTensor& x, const AxisView& view) : data_(dataOf<T>(x)), view_(view) {}

  const T& at(int64_t slice, int64_t element) const {
    const int64_t outer = element / view_.inner, inner = element % view_.inner;
    return data_[(outer * view_.length + slice) * view_.inner + inner];
  }
  int64_t elements() const { return view_.outer * view_.inner; }

  // Less than zero, zero, or more.
  int compare(int64_t a, int64_t b) const {
    for (int64_t i = 0; i < elements(); ++i) {
      if (isLess(at(a, i), at(b, i))) return -1;
      if (isLess(at(b, i), at(a, i))) return 1;
    }
    return 0;
  }

 private:
  const T* data_;
  AxisView view_;
};

// Unique. Operands: x. Attributes: axis, or -1 for the elements of the flattened x; sorted (0: in
// the order of first occurrence). Results, as large as if all were different: values, first
// indices, inverse indices (all filled), counts (all i64); count (i64). Thread 0 does it. NaNs are
// equal to each other and come last.
Status unique(const Call& call) {
  if (call.thread != 0) return okStatus();
  const MlcTensor& x = call.operands[0];
  const int64_t axis = call.attributes[0];
  const bool sorted = call.attributes[1] != 0;
  AxisView view(x, axis);
  // Flattened: every element is a slice.
  if (axis < 0) view.length = elementsOf(x), view.outer = view.inner = 1;
  auto* firsts = dataOf<int64_t>(call.results[1]);
  auto* inverse = dataOf<int64_t>(call.results[2]);
  auto* counts = dataOf<int64_t>(call.results[3]);
  return withElementType(x.type, [&](auto zero) {
    using T = decltype(zero);
    const Slices<T> slices(x, view);
    std::vector<int64_t> order(static_cast<size_t>(view.length));
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return slices.compare(a, b) < 0; });
    // Groups of equal slices, each led by its first occurrence.
    std::vector<int64_t> leader(order.size());
    std::vector<int64_t> groups;
    for (size_t i = 0; i < order.size(); ++i) {
      const bool isNew = i == 0 || slices.compare(order[i - 1], order[i]) != 0;
      if (isNew) groups.push_back(order[i]);
      leader[static_cast<size_t>(order[i])] = groups.back();
    }
    if (!sorted) std::sort(groups.begin(), groups.end());
    std::vector<int64_t> position(order.size());
    const auto count = static_cast<int64_t>(groups.size());
    for (int64_t g = 0; g < count; ++g) {
      const int64_t first = groups[static_cast<size_t>(g)];
      position[static_cast<size_t>(first)] = g;
      firsts[g] = first;
      counts[g] = 0;
      // The values keep the stride of the largest possible result.
      for (int64_t e = 0; e < slices.elements(); ++e) {
        const int64_t outer = e / view.inner, inner = e % view.inner;
        dataOf<T>(call.results[0])[(outer * view.length + g) * view.inner + inner] =
            slices.at(first, e);
      }
    }
    for (int64_t i = 0; i < view.length; ++i) {
      inverse[i] = position[static_cast<size_t>(leader[static_cast<size_t>(i)])];
      ++counts[inverse[i]];
    }
    *dataOf<int64_t>(call.results[4]) = count;
    return okStatus();
  });
}

const Function kUnique("unique", unique);

}  // namespace
}  // namespace mlc::library
