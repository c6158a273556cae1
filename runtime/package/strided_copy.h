// Copies out of a tensor into the layouts that kernels want.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlc::package {

// Part of a row-major tensor: sizes and strides (in elements) of its dims, major first.
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
StridedView sliceOf(const char* data, size_t elementBytes, const std::vector<int64_t>& shape,
                    const std::vector<int64_t>& offsets, const std::vector<int64_t>& sizes);

// Row-major into `out`.
void copyPlain(const StridedView& view, char* out);

// A batch of [K, N] matrices (`transposed`: [N, K]) as [batch][ceil(N / panel)][K][panel], the last
// panel filled up with zeros. Panels are copied on up to `threads` threads.
void copyPanels(const StridedView& view, bool transposed, int64_t panel, int threads, char* out);

// Elements of what copyPanels writes.
int64_t panelsElements(const std::vector<int64_t>& sizes, bool transposed, int64_t panel);

}  // namespace mlc::package
