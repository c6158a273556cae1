// Functions that compiled programs call instead of code of their own: ops whose work depends on
// data. One file a function; which one is an MlcLibraryFunction of runtime/abi/abi.h.
//
// Tensors are in host memory, row-major, and do not overlap. A result whose size depends on data is
// as large as it can become; a scalar i64 result says how much of it is filled.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/abi/abi.h"
#include "runtime/base/objects.h"
#include "runtime/base/status.h"

namespace mlc::library {

// What one thread of the team gets. All threads of a call get the same but for `thread`.
struct Call {
  const int64_t* attributes = nullptr;
  std::span<const MlcTensor> operands, results;
  int64_t thread = 0, threads = 1;
  Objects* objects = nullptr;  // what elements of strings, sequences and optionals refer to
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

// The functions below work on references (runtime/base/objects.h). Thread 0 does it.

// Constant strings. Attributes: the address of their texts, each behind its size (i64). Results:
// the strings.
Status strings(const Call& call);

// StringConcat. Operands: two tensors of strings of one shape. Results: the strings.
Status stringConcat(const Call& call);

// StringSplit. Operands: strings, the delimiter (a scalar; empty: runs of white space). Attributes:
// the most splits of a string, or -1. Results: an optional with the parts, in a new last dim; their
// counts (i64).
Status stringSplit(const Call& call);

// StringNormalizer. Operands: strings [n] or [1, n], stopwords [m]. Attributes: the letter case (-1
// lower, 0 as it is, 1 upper), whether stopwords must have the same case. Results: an optional with
// the strings.
Status stringNormalize(const Call& call);

// Positions are scalars of i64; negative ones count from the end.

// SequenceConstruct. Operands: tensors. Results: the sequence.
Status sequenceOf(const Call& call);
// SequenceInsert. Operands: sequence, tensor, and the position if it is not the end. Results: the
// sequence.
Status sequenceInsert(const Call& call);
// SequenceErase. Operands: sequence, and the position if it is not the last. Results: the sequence.
Status sequenceErase(const Call& call);
// SequenceAt. Operands: sequence, position. Results: an optional with the tensor.
Status sequenceAt(const Call& call);
// SequenceLength. Operands: sequence. Results: i64.
Status sequenceLength(const Call& call);
// SplitToSequence. Operands: tensor; sizes (i64), of all parts or a scalar. Attributes: axis,
// whether parts lack it. Results: the sequence.
Status splitToSequence(const Call& call);
// ConcatFromSequence. Operands: sequence. Attributes: axis (negative ones count from the end),
// whether it is a new one. Results: an optional with the tensor.
Status concatFromSequence(const Call& call);

// Optional. Operands: a tensor, or none. Results: the optional.
Status optionalOf(const Call& call);
// OptionalHasElement. Operands: optional. Results: bool.
Status optionalHas(const Call& call);
// Operands: optional. Results: the dims of its tensor, i64 [rank].
Status optionalShape(const Call& call);
// OptionalGetElement. Operands: optional. Results: its tensor.
Status optionalGet(const Call& call);

// The function of that number, an MlcLibraryFunction. Safe to call from several threads.
Status run(int32_t function, const Call& call);

}  // namespace mlc::library
