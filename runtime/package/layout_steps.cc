#include "runtime/package/layout_steps.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/shape_bytes.h"

namespace mlc::package {
namespace {

bool isPermutation(const std::vector<int64_t>& dims, size_t rank) {
  std::vector<int64_t> sorted = dims;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i)) return false;
  }
  return dims.size() == rank;
}

std::vector<int64_t> rowMajorStrides(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * sizes[i];
  return strides;
}

// Elements of `from`, in row-major order, to the places of `to` (of the same sizes).
template <typename T>
void copyElements(const StridedView& from, const std::vector<int64_t>& toStrides, T* to,
                  const char* data, size_t dim) {
  if (from.sizes.empty()) {
    std::memcpy(to, data, sizeof(T));
    return;
  }
  const int64_t stride = from.strides[dim] * static_cast<int64_t>(sizeof(T));
  if (dim + 1 == from.sizes.size()) {
    for (int64_t i = 0; i < from.sizes[dim]; ++i) {
      std::memcpy(to + i * toStrides[dim], data + i * stride, sizeof(T));
    }
    return;
  }
  for (int64_t i = 0; i < from.sizes[dim]; ++i) {
    copyElements(from, toStrides, to + i * toStrides[dim], data + i * stride, dim + 1);
  }
}

void copy(const StridedView& from, const std::vector<int64_t>& toStrides, char* to) {
  switch (elementBytes(from.dtype)) {
    case 1:
      return copyElements(from, toStrides, reinterpret_cast<uint8_t*>(to), from.data, 0);
    case 2:
      return copyElements(from, toStrides, reinterpret_cast<uint16_t*>(to), from.data, 0);
    case 4:
      return copyElements(from, toStrides, reinterpret_cast<uint32_t*>(to), from.data, 0);
    default:
      return copyElements(from, toStrides, reinterpret_cast<uint64_t*>(to), from.data, 0);
  }
}

}  // namespace

std::optional<std::vector<int64_t>> shapeAfter(const std::vector<LayoutStep>& steps,
                                               std::vector<int64_t> shape) {
  for (const LayoutStep& step : steps) {
    if (step.kind == LayoutStep::Kind::kTranspose) {
      if (!isPermutation(step.dims, shape.size())) return std::nullopt;
      std::vector<int64_t> sizes;
      for (int64_t dim : step.dims) sizes.push_back(shape[static_cast<size_t>(dim)]);
      shape = sizes;
      continue;
    }
    const std::optional<int64_t> before = elementsOf(shape), after = elementsOf(step.dims);
    if (!before || !after) return std::nullopt;
    if (step.kind == LayoutStep::Kind::kReshape && *before != *after) return std::nullopt;
    if (step.kind == LayoutStep::Kind::kPad &&
        (step.dims.size() != shape.size() ||
         !std::equal(shape.begin(), shape.end(), step.dims.begin(), std::less_equal<>()))) {
      return std::nullopt;
    }
    shape = step.dims;
  }
  return shape;
}

void applySteps(StridedView view, const std::vector<LayoutStep>& steps, char* out) {
  std::vector<char> made;  // what the view is of, once it is not the file's
  // The view's elements in a buffer of their own, which is zero elsewhere.
  auto materialize = [&](const std::vector<int64_t>& sizes) {
    StridedView next{nullptr, view.dtype, sizes, rowMajorStrides(sizes)};
    std::vector<char> buffer(static_cast<size_t>(next.bytes()), 0);
    copy(view, next.strides, buffer.data());
    made = std::move(buffer);
    next.data = made.data();
    view = std::move(next);
  };
  for (const LayoutStep& step : steps) {
    if (step.kind == LayoutStep::Kind::kPad) {
      if (step.dims != view.sizes) materialize(step.dims);
    } else if (step.kind == LayoutStep::Kind::kReshape) {
      if (!view.contiguous()) materialize(view.sizes);
      view.sizes = step.dims;
      view.strides = rowMajorStrides(step.dims);
    } else {
      StridedView before = view;
      for (size_t i = 0; i < step.dims.size(); ++i) {
        view.sizes[i] = before.sizes[static_cast<size_t>(step.dims[i])];
        view.strides[i] = before.strides[static_cast<size_t>(step.dims[i])];
      }
    }
  }
  copy(view, rowMajorStrides(view.sizes), out);
}

}  // namespace mlc::package
