// A part of a tensor in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/dtype.h"

namespace mlc {

// Sizes and strides (in elements) of the dims, major first. Borrows the memory. The first element
// of a packed type may begin inside of a byte.
struct StridedView {
  const char* data = nullptr;
  DType dtype = DType::kF32;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  int64_t first = 0;  // where the first element is, in elements from `data`; 0 unless packed

  int64_t numElements() const;
  // Of the elements side by side.
  int64_t bytes() const { return dtypeBytes(dtype, numElements()); }
  // Whether `data` points to the elements as copyOut writes them.
  bool contiguous() const;
};

// The part of a row-major tensor of `shape` at `data` with these offsets and sizes; empty: all of
// it.
StridedView sliceOf(const void* data, DType dtype, const std::vector<int64_t>& shape,
                    const std::vector<int64_t>& offsets, const std::vector<int64_t>& sizes);

// The part's elements, row-major, into `out`. The innermost stride must be 1.
void copyOut(const StridedView& view, void* out);

// The opposite: row-major elements into the part, whose memory must be writable. Where a part of
// packed elements begins or ends inside of a byte, the other part of that byte must not be written
// at the same time.
void copyIn(const void* in, const StridedView& view);

}  // namespace mlc
