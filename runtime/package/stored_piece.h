// Where the bytes of a weight's pieces lie in files.
//
//   row-major, as models have them, and        each piece by itself
//   packages of pieces that are one run each
//     | a0 b0 | a1 b1 | a2 b2 |                  | a0 a1 a2 | b0 b1 b2 |
//     offsets {o}: a is 3 runs                   offsets {oa, ob}: a is 1 run
#pragma once

#include <cstdint>
#include <functional>

#include "runtime/package/manifest.h"

namespace mlc::package {

// `count` runs of `bytes` bytes, which begin `pitch` bytes apart. The piece's elements, row-major,
// are the runs side by side.
struct PieceRuns {
  int64_t offset = 0;  // of the first run, in bytes
  int64_t bytes = 0, count = 0, pitch = 0;

  int64_t total() const { return bytes * count; }
  // From the first byte to the last one.
  int64_t span() const { return count == 0 ? 0 : pitch * (count - 1) + bytes; }
};

// The whole weight, or one piece for each rank on the tp axis.
int numPieces(const WeightSource& source);

// Which of them the rank with this coordinate on the tp axis reads.
int pieceIndex(const WeightSource& source, int tpRank);

// Whether the pieces of such a tensor are whole bytes: some of packed elements are not.
bool hasWholeBytes(DType dtype, const std::vector<int64_t>& shape,
                   const std::vector<Split>& splits);

// Those of a piece in a row-major tensor.
PieceRuns runsOf(DType dtype, const std::vector<int64_t>& shape, const std::vector<Split>& splits,
                 int piece);

// Those of a piece in its file; an offset of -1 where the package does not have it.
PieceRuns storedRuns(const WeightSource& source, int piece);

// Calls visit(at, count) for each stretch of the piece's bytes [from, from + bytes): where it lies,
// in bytes from the first run's beginning.
void forEachStretch(const PieceRuns& runs, int64_t from, int64_t bytes,
                    const std::function<void(int64_t at, int64_t count)>& visit);

}  // namespace mlc::package
