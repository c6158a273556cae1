#include "runtime/package/weight_hashes.h"

#include <algorithm>
#include <numeric>

#include "runtime/package/validate_manifest.h"

namespace mlc::package {
namespace {

int64_t chunksIn(int64_t bytes) { return bytes / kChunkBytes + (bytes % kChunkBytes != 0); }

// Of the first ones.
int64_t chunksOfPieces(const WeightSource& source, int pieces) {
  const int64_t all = dtypeBytes(source.dtype, numElements(source.shape));
  if (source.splits.empty()) return pieces * chunksIn(all);
  const std::vector<int64_t>& shares = source.splits[0].shares;
  const int64_t ofShare = all / std::accumulate(shares.begin(), shares.end(), int64_t{0});
  int64_t chunks = 0;
  for (int piece = 0; piece < pieces; ++piece)
    chunks += chunksIn(ofShare * shares[static_cast<size_t>(piece)]);
  return chunks;
}

}  // namespace

int64_t chunksOf(const PieceRuns& runs) { return chunksIn(runs.total()); }

int64_t chunksOf(const WeightSource& source) { return chunksOfPieces(source, numPieces(source)); }

int64_t firstHashOf(const WeightSource& source, int piece) {
  return source.first_hash + chunksOfPieces(source, piece);
}

ChunkRange rangeOf(const PieceRuns& runs, int64_t chunk) {
  const int64_t from = chunk * kChunkBytes;
  return {from, std::min(kChunkBytes, runs.total() - from)};
}

ContentDigest hashOfChunk(const PieceRuns& runs, const char* first, int64_t chunk) {
  ContentHash hash;
  const ChunkRange range = rangeOf(runs, chunk);
  forEachStretch(runs, range.from, range.bytes, [&](int64_t at, int64_t count) {
    hash.add({first + at, static_cast<size_t>(count)});
  });
  return hash.digest();
}

}  // namespace mlc::package
