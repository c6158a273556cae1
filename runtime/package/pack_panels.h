// Packs matrices into the panels that contraction kernels read.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/strided_view.h"

namespace mlc::package {

// A batch of [K, N] matrices (`transposed`: [N, K]) as [batch][ceil(N / panel)][K][panel], the last
// panel filled up with zeros. Panels are copied on up to `threads` threads.
void packPanels(const StridedView& view, bool transposed, int64_t panel, int threads, char* out);

// Elements of what packPanels writes.
int64_t panelsElements(const std::vector<int64_t>& sizes, bool transposed, int64_t panel);

}  // namespace mlc::package
