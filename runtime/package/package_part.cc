#include "runtime/package/package_part.h"

#include <algorithm>
#include <set>

#include "runtime/package/stored_piece.h"

namespace mlc::package {
namespace {

// Maps pages of it; kernels want 64 bytes.
constexpr int64_t kAlignment = 4096;

}  // namespace

std::vector<PackagePiece> piecesOf(const Manifest& manifest, const std::vector<int>& ranks) {
  std::set<PackagePiece> pieces;
  for (const int rank : ranks) {
    if (static_cast<size_t>(rank) >= manifest.ranks.size()) continue;
    const int program = manifest.ranks[static_cast<size_t>(rank)].program;
    if (program < 0) continue;
    for (const WeightSlot& slot : manifest.programs[static_cast<size_t>(program)].weights) {
      const WeightSource& source = manifest.weights[static_cast<size_t>(slot.source)];
      if (!source.file.empty())
        pieces.insert({slot.source, pieceIndex(source, rank % manifest.tp)});
    }
  }
  return {pieces.begin(), pieces.end()};
}

std::vector<PackagePiece> piecesOf(const Manifest& manifest) {
  std::vector<PackagePiece> pieces;
  for (size_t i = 0; i < manifest.weights.size(); ++i) {
    const WeightSource& source = manifest.weights[i];
    if (source.file.empty()) continue;
    for (int piece = 0; piece < numPieces(source); ++piece) {
      if (storedRuns(source, piece).offset >= 0) pieces.push_back({static_cast<int>(i), piece});
    }
  }
  return pieces;
}

Manifest manifestOfPart(const Manifest& whole, const std::vector<PackagePiece>& pieces) {
  Manifest part = whole;
  std::erase_if(part.files, [](const FileEntry& file) { return file.checksum.empty(); });
  FileEntry file;
  file.path = "weights_of_part.bin";
  const auto isTaken = [&](const FileEntry& other) { return other.path == file.path; };
  while (std::ranges::any_of(whole.files, isTaken)) file.path = "_" + file.path;
  for (WeightSource& weight : part.weights) {
    if (weight.file.empty()) continue;
    weight.file = file.path;
    weight.offsets.assign(static_cast<size_t>(numPieces(weight)), -1);
  }
  for (const PackagePiece& piece : pieces) {
    file.bytes = (file.bytes + kAlignment - 1) / kAlignment * kAlignment;
    const auto index = static_cast<size_t>(piece.weight);
    part.weights[index].offsets[static_cast<size_t>(piece.piece)] = file.bytes;
    file.bytes += storedRuns(whole.weights[index], piece.piece).total();
  }
  if (!pieces.empty()) part.files.insert(part.files.begin(), file);
  return part;
}

}  // namespace mlc::package
