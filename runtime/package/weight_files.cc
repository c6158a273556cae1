#include "runtime/package/weight_files.h"

#include <atomic>
#include <filesystem>
#include <string>

#include "runtime/base/parallel_for.h"
#include "runtime/package/weight_hashes.h"

namespace mlc::package {
namespace {

std::string_view textOf(const ContentDigest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

const WeightSource& sourceOf(const Package& package, const PackagePiece& piece) {
  return package.manifest().weights[static_cast<size_t>(piece.weight)];
}

}  // namespace

StatusOr<std::shared_ptr<const MappedFile>> WeightFiles::map(const PackagePiece& piece) const {
  const WeightSource& source = sourceOf(*package_, piece);
  const PieceRuns runs = storedRuns(source, piece.piece);
  if (runs.offset < 0) {
    return invalidError(package_->path() + " was made for other ranks: it has no weight '" +
                        source.name + "' for this one");
  }
  StatusOr<std::shared_ptr<const MappedFile>> file =
      MappedFile::openRange(package_->pathOf(source.file), runs.offset, runs.span());
  if (!file.ok()) return file.status().withContext("weight '" + source.name + "'");
  return file;
}

StatusOr<std::shared_ptr<const MappedFile>> WeightFiles::mapChecked(const PackagePiece& piece) {
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, map(piece));
  if (checked_.contains(piece)) return file;
  MLC_RETURN_IF_ERROR(compare(piece, *file));
  checked_.insert(piece);
  checkedBytes_ += storedRuns(sourceOf(*package_, piece), piece.piece).total();
  return file;
}

Status WeightFiles::check(const std::vector<PackagePiece>& pieces) {
  for (const PackagePiece& piece : pieces) MLC_RETURN_IF_ERROR(mapChecked(piece).status());
  return okStatus();
}

Status WeightFiles::compare(const PackagePiece& piece, const MappedFile& file) const {
  const WeightSource& source = sourceOf(*package_, piece);
  const PieceRuns runs = storedRuns(source, piece.piece);
  const int64_t firstHash = firstHashOf(source, piece.piece);
  std::atomic<bool> isReadable{true}, isSame{true};
  parallelFor(threads_, chunksOf(runs), [&](int64_t chunk) {
    if (!isReadable || !isSame) return;
    const ChunkRange range = rangeOf(runs, chunk);
    bool isFetched = true;
    forEachStretch(runs, range.from, range.bytes, [&](int64_t at, int64_t count) {
      isFetched = isFetched && file.fetch(file.data() + at, count);
    });
    if (!isFetched) {
      isReadable = false;
      return;
    }
    if (textOf(hashOfChunk(runs, file.data(), chunk)) != package_->weightHash(firstHash + chunk))
      isSame = false;
    forEachStretch(runs, range.from, range.bytes,
                   [&](int64_t at, int64_t count) { file.forget(file.data() + at, count); });
  });
  const std::string path = package_->pathOf(source.file);
  if (!isReadable) return invalidError("cannot read weight '" + source.name + "' from " + path);
  if (!isSame) {
    return invalidError(path + " was changed after the package was written: weight '" +
                        source.name + "' has other bytes");
  }
  return okStatus();
}

}  // namespace mlc::package
