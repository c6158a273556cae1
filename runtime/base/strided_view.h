// A part of a tensor in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlc {

// Sizes and strides (in elements) of the dims, major first. Borrows the memory.
struct StridedView {
  const char* data = nullptr;
  size_t elementBytes = 0;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;

  int64_t numElements() const;
  bool contiguous() const;
};

// The part of a row-major tensor of `shape` at `data` with these offsets and sizes; empty: all of
// it.
StridedView sliceOf(const void* data, size_t elementBytes, const std::vector<int64_t>& shape,
                    const std::vector<int64_t>& offsets, const std::vector<int64_t>& sizes);

// The part's elements, row-major, into `out`. The innermost stride must be 1.
void copyOut(const StridedView& view, void* out);

// The opposite: row-major elements into the part, whose memory must be writable.
void copyIn(const void* in, const StridedView& view);

}  // namespace mlc
