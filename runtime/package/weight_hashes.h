// The hashes of weights, by which a rank checks what it reads, and nothing else.
//
//   a weight   one piece, or one for each rank on the tp axis (stored_piece.h)
//   a piece    its bytes, cut into chunks
//   a chunk    has a BLAKE2b-256 hash in the package's file of hashes (Manifest::weight_hashes),
//              whose own hash the manifest holds
#pragma once

#include <cstdint>

#include "runtime/base/content_hash.h"
#include "runtime/package/manifest.h"
#include "runtime/package/stored_piece.h"

namespace mlc::package {

// The last chunk of a piece may have fewer.
inline constexpr int64_t kChunkBytes = int64_t{256} << 10;

int64_t chunksOf(const PieceRuns& runs);
// Of all pieces.
int64_t chunksOf(const WeightSource& source);

// Where in the file of hashes those of a piece begin.
int64_t firstHashOf(const WeightSource& source, int piece);

// The bytes of a chunk among those of its piece.
struct ChunkRange {
  int64_t from = 0, bytes = 0;
};
ChunkRange rangeOf(const PieceRuns& runs, int64_t chunk);

// `first` is where the piece's first run lies in memory.
ContentDigest hashOfChunk(const PieceRuns& runs, const char* first, int64_t chunk);

}  // namespace mlc::package
