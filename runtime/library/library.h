// Functions that compiled programs call instead of code of their own: ops whose work depends on
// data. One file a function; which one is an MlcLibraryFunction of runtime/abi/abi.h.
//
// Tensors are in host memory, row-major, and do not overlap. A result whose size depends on data is
// as large as it can become; a scalar i64 result says how much of it is filled.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/abi/abi.h"
#include "runtime/base/status.h"

namespace mlc::library {

// What one thread of the team gets. All threads of a call get the same but for `thread`.
struct Call {
  const int64_t* attributes = nullptr;
  std::span<const MlcTensor> operands, results;
  int64_t thread = 0, threads = 1;
};

// TopK. Operands: x. Attributes: axis, largest (0 or 1). Results, of equal shape (x's, but k along
// the axis, k at most x's dim): values, indices (i64). Sorted; of equal elements the first come
// first; NaN counts as the largest number. Threads share the rows.
Status topK(const Call& call);

// NonZero. Operands: x. Results: indices i64 [rank, elements of x], of which the first `count`
// columns are filled in row-major order; count (i64). Thread 0 does it.
Status nonZero(const Call& call);

// Unique. Operands: x. Attributes: axis, or -1 for the elements of the flattened x; sorted (0: in
// the order of first occurrence). Results, as large as if all were different: values, first
// indices, inverse indices (all filled), counts (all i64); count (i64). Thread 0 does it. NaNs are
// equal to each other and come last.
Status unique(const Call& call);

// NonMaxSuppression. Operands: boxes f32 [batches, n, 4], scores f32 [batches, classes, n], the
// most boxes of a class (i64), the intersection over union that suppresses (f32), the least score
// (f32). Attributes: center_point_box. Results: i64 [batches * classes * n, 3], rows of batch,
// class, box; count (i64). Thread 0 does it. Algorithm: greedy, by falling score, of equal ones the
// first.
Status nonMaxSuppression(const Call& call);

// The function of that number, an MlcLibraryFunction. Safe to call from several threads.
Status run(int32_t function, const Call& call);

}  // namespace mlc::library
