#include "runtime/package/stored_piece.h"

#include <algorithm>
#include <numeric>

#include "runtime/package/validate_manifest.h"
#include "runtime/package/weight_piece.h"

namespace mlc::package {
namespace {

// The elements of the dims from `first` up to `last`.
int64_t elementsBetween(const std::vector<int64_t>& shape, size_t first, size_t last) {
  return numElements({shape.begin() + static_cast<ptrdiff_t>(first),
                      shape.begin() + static_cast<ptrdiff_t>(last)});
}

}  // namespace

int numPieces(const WeightSource& source) {
  return source.splits.empty() ? 1 : static_cast<int>(source.splits[0].shares.size());
}

int pieceIndex(const WeightSource& source, int tpRank) {
  return source.splits.empty() ? 0 : tpRank;
}

bool hasWholeBytes(DType dtype, const std::vector<int64_t>& shape,
                   const std::vector<Split>& splits) {
  if (splits.empty() || !isPacked(dtype)) return true;
  const Split& split = splits[0];
  const auto dim = static_cast<size_t>(split.dim);
  const int64_t part =
      shape[dim] / std::accumulate(split.shares.begin(), split.shares.end(), int64_t{0});
  return part * elementsBetween(shape, dim + 1, shape.size()) % elementsPerByte(dtype) == 0;
}

PieceRuns runsOf(DType dtype, const std::vector<int64_t>& shape, const std::vector<Split>& splits,
                 int piece) {
  const int64_t all = dtypeBytes(dtype, numElements(shape));
  if (all == 0) return {};
  if (splits.empty()) return {0, all, 1, all};
  const auto dim = static_cast<size_t>(splits[0].dim);
  const WeightPiece wanted = pieceOf(splits, shape, piece);
  const int64_t inner = elementsBetween(shape, dim + 1, shape.size());
  PieceRuns runs;
  runs.offset = dtypeBytes(dtype, wanted.offsets[dim] * inner);
  runs.bytes = dtypeBytes(dtype, wanted.sizes[dim] * inner);
  runs.pitch = dtypeBytes(dtype, shape[dim] * inner);
  runs.count = elementsBetween(shape, 0, dim);
  if (runs.bytes == 0) return {};
  if (runs.bytes == runs.pitch) return {0, all, 1, all};
  return runs;
}

PieceRuns storedRuns(const WeightSource& source, int piece) {
  PieceRuns runs = runsOf(source.dtype, source.shape, source.splits, piece);
  const bool isRowMajor = source.offsets.size() == 1;
  const int64_t offset = source.offsets[isRowMajor ? 0 : static_cast<size_t>(piece)];
  if (offset < 0) {
    runs.offset = -1;
  } else if (isRowMajor) {
    runs.offset += offset;
  } else {
    runs = {offset, runs.total(), runs.count == 0 ? 0 : 1, runs.total()};
  }
  return runs;
}

void forEachStretch(const PieceRuns& runs, int64_t from, int64_t bytes,
                    const std::function<void(int64_t at, int64_t count)>& visit) {
  while (bytes > 0) {
    const int64_t run = from / runs.bytes, into = from % runs.bytes;
    const int64_t count = std::min(bytes, runs.bytes - into);
    visit(run * runs.pitch + into, count);
    from += count;
    bytes -= count;
  }
}

}  // namespace mlc::package
