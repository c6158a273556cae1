// Elementwise reduction of buffers, in loops that vectorize.
#pragma once

#include <cstdint>

#include "collectives/communicator.h"

namespace mlc::collectives {

// accumulator[i] = reduction(accumulator[i], addend[i]). f16 and bf16 are combined in f32 and rounded. bool: sum and max are or, min and
// prod are and.
void reduceInto(void* accumulator, const void* addend, int64_t count, DType dtype,
                Reduction reduction);

}  // namespace mlc::collectives
