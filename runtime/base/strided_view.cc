#include "runtime/base/strided_view.h"

#include <cstring>

namespace mlc {
namespace {

// Calls `copy(offset in bytes, bytes)` for each run of the part that lies in one piece, in
// row-major order.
template <typename Copy>
void forEachRow(const StridedView& view, size_t dim, int64_t offset, const Copy& copy) {
  const auto width = static_cast<int64_t>(view.elementBytes);
  if (dim + 1 >= view.sizes.size()) {
    copy(offset, (view.sizes.empty() ? 1 : view.sizes.back()) * width);
    return;
  }
  for (int64_t i = 0; i < view.sizes[dim]; ++i) {
    forEachRow(view, dim + 1, offset + i * view.strides[dim] * width, copy);
  }
}

}  // namespace

int64_t StridedView::numElements() const {
  int64_t count = 1;
  for (int64_t size : sizes) count *= size;
  return count;
}

bool StridedView::contiguous() const {
  int64_t expected = 1;
  for (size_t dim = sizes.size(); dim-- > 0;) {
    if (sizes[dim] != 1 && strides[dim] != expected) return false;
    expected *= sizes[dim];
  }
  return true;
}

StridedView sliceOf(const void* data, size_t elementBytes, const std::vector<int64_t>& shape,
                    const std::vector<int64_t>& offsets, const std::vector<int64_t>& sizes) {
  StridedView view{static_cast<const char*>(data), elementBytes, sizes.empty() ? shape : sizes, {}};
  view.strides.resize(shape.size());
  int64_t stride = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    view.strides[dim] = stride;
    if (!offsets.empty()) view.data += static_cast<size_t>(offsets[dim] * stride) * elementBytes;
    stride *= shape[dim];
  }
  return view;
}

void copyOut(const StridedView& view, void* out) {
  if (view.numElements() == 0) return;
  char* destination = static_cast<char*>(out);
  if (view.contiguous()) {
    std::memcpy(destination, view.data,
                static_cast<size_t>(view.numElements()) * view.elementBytes);
    return;
  }
  forEachRow(view, 0, 0, [&](int64_t offset, int64_t bytes) {
    std::memcpy(destination, view.data + offset, static_cast<size_t>(bytes));
    destination += bytes;
  });
}

void copyIn(const void* in, const StridedView& view) {
  if (view.numElements() == 0) return;
  const char* source = static_cast<const char*>(in);
  char* destination = const_cast<char*>(view.data);
  forEachRow(view, 0, 0, [&](int64_t offset, int64_t bytes) {
    std::memcpy(destination + offset, source, static_cast<size_t>(bytes));
    source += bytes;
  });
}

}  // namespace mlc
