// Packs matrices into the panels that contraction kernels read.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/strided_view.h"

namespace mlc::package {

// How the panels of a matrix lie in memory: see WeightLayout::kPanels.
struct PanelShape {
  bool transposed = false;
  int64_t panel = 0;
  int64_t group = 1;
};

// A batch of [K, N] matrices (`transposed`: [N, K]) as
// [batch][ceil(N / panel)][ceil(K / group)][panel][group], filled up with zeros. Panels are copied
// on up to `threads` threads.
void packPanels(const StridedView& view, const PanelShape& shape, int threads, char* out);

// Elements of what packPanels writes.
int64_t panelsElements(const std::vector<int64_t>& sizes, const PanelShape& shape);

}  // namespace mlc::package
