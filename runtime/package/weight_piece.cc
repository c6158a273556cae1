#include "runtime/package/weight_piece.h"

#include <numeric>

namespace mlc::package {

WeightPiece pieceOf(const std::vector<Split>& splits, const std::vector<int64_t>& shape,
                    int tpRank) {
  WeightPiece piece{std::vector<int64_t>(shape.size(), 0), shape};
  for (const Split& split : splits) {
    const auto dim = static_cast<size_t>(split.dim);
    const auto own = split.shares.begin() + tpRank;
    const int64_t part =
        shape[dim] / std::accumulate(split.shares.begin(), split.shares.end(), int64_t{0});
    piece.offsets[dim] = part * std::accumulate(split.shares.begin(), own, int64_t{0});
    piece.sizes[dim] = part * *own;
  }
  return piece;
}

WeightPiece pieceOf(const WeightSlot& slot, const WeightSource& source, int tpRank) {
  return pieceOf(slot.splits, source.shape, tpRank);
}

}  // namespace mlc::package
