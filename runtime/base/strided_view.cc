#include "runtime/base/strided_view.h"

#include <cstring>

#include "runtime/base/element.h"

namespace mlc {
namespace {

// Calls `visit(offset, count)`, in elements, for each run of the part that lies in one piece, in
// row-major order.
template <typename Visit>
void forEachRow(const StridedView& view, size_t dim, int64_t offset, const Visit& visit) {
  if (dim + 1 >= view.sizes.size()) {
    visit(offset, view.sizes.empty() ? 1 : view.sizes.back());
    return;
  }
  for (int64_t i = 0; i < view.sizes[dim]; ++i) {
    forEachRow(view, dim + 1, offset + i * view.strides[dim], visit);
  }
}

// Packed elements: whole bytes where both runs begin with one.
void copyElements(const void* from, int64_t fromFirst, void* to, int64_t toFirst, int64_t count,
                  DType dtype) {
  const int64_t perByte = elementsPerByte(dtype);
  int64_t done = 0;
  if (fromFirst % perByte == 0 && toFirst % perByte == 0) {
    done = count / perByte * perByte;
    std::memcpy(static_cast<char*>(to) + toFirst / perByte,
                static_cast<const char*>(from) + fromFirst / perByte,
                static_cast<size_t>(done / perByte));
  }
  const int bits = dtypeBits(dtype);
  for (; done < count; ++done)
    storePacked(to, bits, toFirst + done, loadPacked(from, bits, fromFirst + done));
}

}  // namespace

int64_t StridedView::numElements() const {
  int64_t count = 1;
  for (int64_t size : sizes) count *= size;
  return count;
}

bool StridedView::contiguous() const {
  if (first != 0) return false;
  int64_t expected = 1;
  for (size_t dim = sizes.size(); dim-- > 0;) {
    if (sizes[dim] != 1 && strides[dim] != expected) return false;
    expected *= sizes[dim];
  }
  return true;
}

StridedView sliceOf(const void* data, DType dtype, const std::vector<int64_t>& shape,
                    const std::vector<int64_t>& offsets, const std::vector<int64_t>& sizes) {
  StridedView view{static_cast<const char*>(data), dtype, sizes.empty() ? shape : sizes, {}};
  view.strides.resize(shape.size());
  int64_t stride = 1, first = 0;
  for (size_t dim = shape.size(); dim-- > 0;) {
    view.strides[dim] = stride;
    if (!offsets.empty()) first += offsets[dim] * stride;
    stride *= shape[dim];
  }
  view.first = first % elementsPerByte(dtype);
  view.data += dtypeBytes(dtype, first - view.first);
  return view;
}

void copyOut(const StridedView& view, void* out) {
  if (view.numElements() == 0) return;
  char* destination = static_cast<char*>(out);
  if (view.contiguous() && !isPacked(view.dtype)) {
    std::memcpy(destination, view.data, static_cast<size_t>(view.bytes()));
    return;
  }
  if (isPacked(view.dtype)) {
    // The bits behind the last element are 0, so that equal tensors have equal bytes.
    destination[view.bytes() - 1] = 0;
    int64_t done = 0;
    forEachRow(view, 0, view.first, [&](int64_t offset, int64_t count) {
      copyElements(view.data, offset, out, done, count, view.dtype);
      done += count;
    });
    return;
  }
  const int64_t width = static_cast<int64_t>(elementBytes(view.dtype));
  forEachRow(view, 0, 0, [&](int64_t offset, int64_t count) {
    std::memcpy(destination, view.data + offset * width, static_cast<size_t>(count * width));
    destination += count * width;
  });
}

void copyIn(const void* in, const StridedView& view) {
  if (view.numElements() == 0) return;
  const char* source = static_cast<const char*>(in);
  char* destination = const_cast<char*>(view.data);
  if (isPacked(view.dtype)) {
    int64_t done = 0;
    forEachRow(view, 0, view.first, [&](int64_t offset, int64_t count) {
      copyElements(in, done, destination, offset, count, view.dtype);
      done += count;
    });
    return;
  }
  const int64_t width = static_cast<int64_t>(elementBytes(view.dtype));
  forEachRow(view, 0, 0, [&](int64_t offset, int64_t count) {
    std::memcpy(destination + offset * width, source, static_cast<size_t>(count * width));
    source += count * width;
  });
}

}  // namespace mlc
