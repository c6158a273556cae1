// Elementwise reduction of the ranks' buffers, in loops that vectorize.
#pragma once

#include <cstdint>
#include <span>

#include "collectives/communicator.h"

namespace mlc::collectives {

// out[i] = parts[0][i] + parts[1][i] + ..., combined in that order. `out` may be one of the parts,
// but must not overlap them otherwise. At least one part.
void reduceParts(std::span<const void* const> parts, void* out, int64_t count, DType dtype,
                 Reduction reduction);

// The same into each of `outs`, of which each may be one of the parts.
void reduceToAll(std::span<const void* const> parts, std::span<void* const> outs, int64_t count,
                 DType dtype, Reduction reduction);

}  // namespace mlc::collectives
