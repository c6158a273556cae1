// A rank's piece of a weight.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/package/manifest.h"

namespace mlc::package {

// Where it begins in the whole tensor, and how large it is, by dim.
struct WeightPiece {
  std::vector<int64_t> offsets, sizes;
};

// The piece of a tensor of that shape that the rank with this coordinate on the tp axis has.
WeightPiece pieceOf(const std::vector<Split>& splits, const std::vector<int64_t>& shape,
                    int tpRank);

// Of a weight, as one of its slots wants it.
WeightPiece pieceOf(const WeightSlot& slot, const WeightSource& source, int tpRank);

}  // namespace mlc::package
