#include "tools/job/package_sizes.h"

#include "runtime/base/strided_view.h"
#include "runtime/package/weight_piece.h"

namespace mlc::tools {
namespace {

int64_t bytesOf(const package::WeightSlot& slot, const package::WeightSource& source, int tpRank) {
  const package::WeightPiece piece = pieceOf(slot, source, tpRank);
  return sliceOf(nullptr, source.dtype, source.shape, piece.offsets, piece.sizes).bytes();
}

int64_t weightBytesOf(const package::Manifest& manifest, size_t rank) {
  int64_t bytes = 0;
  const int program = manifest.ranks[rank].program;
  if (program < 0) return bytes;
  for (const package::WeightSlot& slot : manifest.programs[static_cast<size_t>(program)].weights) {
    bytes += bytesOf(slot, manifest.weights[static_cast<size_t>(slot.source)],
                     static_cast<int>(rank) % manifest.tp);
  }
  return bytes;
}

}  // namespace

PackageSizes sizesOf(const package::Manifest& manifest) {
  PackageSizes sizes;
  for (const package::FileEntry& file : manifest.files) {
    if (file.path.ends_with(".so")) sizes.codeBytes += file.bytes;
    if (file.path.ends_with(".bin")) sizes.weightsBytes += file.bytes;
  }
  for (size_t rank = 0; rank < manifest.ranks.size(); ++rank)
    sizes.rankWeightBytes.push_back(weightBytesOf(manifest, rank));
  return sizes;
}

}  // namespace mlc::tools
