// A package folder (model.mlcpkg) opened for reading: its manifest, its files checked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/package/manifest.h"
#include "runtime/package/signature.h"

namespace mlc::package {

// Immutable; safe to share between threads.
class Package {
 public:
  // Reads the manifest and checks it, the versions, that every file of the package is there, whole,
  // and that all but the weights have the bytes they were written with: those of the weights are
  // for who reads them to check (weight_files.h). So it takes as long for large weights as for
  // small ones. Fails with kInvalid and a message that names the file.
  //
  // With `trusted` keys the manifest must be signed by one of them; without, nothing says that the
  // package is not somebody else's, whose code will run.
  static StatusOr<std::shared_ptr<const Package>> open(const std::string& path,
                                                       const std::vector<PublicKey>& trusted = {});

  const std::string& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }

  // The hash of a weights' chunk (weight_hashes.h), by its place in the file of hashes.
  std::string_view weightHash(int64_t index) const;

  // The full path of a file that the manifest names.
  std::string pathOf(const std::string& file) const;

 private:
  Package(std::string path, Manifest manifest)
      : path_(std::move(path)), manifest_(std::move(manifest)) {}
  Status checkFiles();

  std::string path_;
  Manifest manifest_;
  std::string weightHashes_;  // the file of hashes
};

}  // namespace mlc::package
