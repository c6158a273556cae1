// Collectives of tensors that are cut along any one dim: the dims before it make `outer` rows, the
// cut dim with those after it makes the row.
//
//   all-gather, outer = 2, inner = {2, 1}:       reduce-scatter, outer = 2, inner = {2, 1}:
//
//   rank 0: a b    rank 1: x    all: a b x       rank 0: a b x    rank 0: a+A b+B    rank 1: x+X
//           c d            y         c d y               c d y            c+C d+D            y+Y
//                                                rank 1: A B X ...
#pragma once

#include <cstdint>
#include <vector>

#include "collectives/communicator.h"

namespace mlc::collectives {

// Memory for reordering, kept between calls. One per thread that calls collectives.
using Workspace = std::vector<char>;

// Rank r gives outer x inner[r] elements, row-major; out gets outer x sum(inner). inner may be
// uneven and have zeros. `in` and `out` do not overlap.
Status allGatherTensor(Communicator& communicator, const void* in, void* out, int64_t outer,
                       const std::vector<int64_t>& inner, DType dtype, Workspace& workspace);

// Every rank gives outer x sum(inner) elements; rank r gets the reduction of its outer x inner[r].
// `in` and `out` do not overlap.
Status reduceScatterTensor(Communicator& communicator, const void* in, void* out, int64_t outer,
                           const std::vector<int64_t>& inner, DType dtype, Reduction reduction,
                           Workspace& workspace);

}  // namespace mlc::collectives
