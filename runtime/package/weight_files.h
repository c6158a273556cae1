// The bytes of a package's weights, where they lie in their files, checked.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "runtime/base/mapped_file.h"
#include "runtime/base/status.h"
#include "runtime/package/package.h"
#include "runtime/package/package_part.h"

namespace mlc::package {

// To be used by one thread at a time.
class WeightFiles {
 public:
  // Checks on up to `threads` threads.
  WeightFiles(std::shared_ptr<const Package> package, int threads)
      : package_(std::move(package)), threads_(threads) {}

  // A piece, mapped from its first byte to its last, and nothing else of its file. Fails with
  // kInvalid and a message that names the weight and the file where the package does not have it or
  // the file is too short.
  StatusOr<std::shared_ptr<const MappedFile>> map(const PackagePiece& piece) const;

  // Likewise, and compares its bytes with the package's hashes, but once for each piece. They do
  // not stay in this process's memory. Fails also if they are others than the package was written
  // with.
  StatusOr<std::shared_ptr<const MappedFile>> mapChecked(const PackagePiece& piece);

  // Checks those pieces.
  Status check(const std::vector<PackagePiece>& pieces);

  // What check and mapChecked have compared.
  int64_t checkedBytes() const { return checkedBytes_; }

 private:
  Status compare(const PackagePiece& piece, const MappedFile& file) const;

  const std::shared_ptr<const Package> package_;
  const int threads_;
  std::set<PackagePiece> checked_;
  int64_t checkedBytes_ = 0;
};

}  // namespace mlc::package
