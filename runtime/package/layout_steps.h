// Brings weights into the layout that kernels read, by reshapes, transposes and padding.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/strided_view.h"
#include "runtime/package/manifest.h"

namespace mlc::package {

// The shape that the steps lead to; none where one of them does not fit the shape before it.
std::optional<std::vector<int64_t>> shapeAfter(const std::vector<LayoutStep>& steps,
                                               std::vector<int64_t> shape);

// Writes the elements of the view, after the steps (which fit its sizes), row-major to `out`.
void applySteps(StridedView view, const std::vector<LayoutStep>& steps, char* out);

}  // namespace mlc::package
