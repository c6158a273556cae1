// A package folder (model.mlcpkg) opened for reading: its manifest, its files checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/package/manifest.h"
#include "runtime/package/signature.h"

namespace mlc::package {

// Immutable; safe to share between threads.
class Package {
 public:
  // Reads the manifest and checks it, the versions, and every file of the package: there, whole,
  // and with the bytes it was written with. Fails with kInvalid and a message that names the file.
  // With `trusted` keys the manifest must be signed by one of them; without, nothing says that the
  // package is not somebody else's, whose code will run.
  static StatusOr<std::shared_ptr<const Package>> open(const std::string& path,
                                                       const std::vector<PublicKey>& trusted = {});

  const std::string& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }

  // Whether a weight's bytes are all where the manifest says, and (but in files outside the package
  // of more than 1 GiB, unless `evenIfLarge`) what they were. Fails with a message that names the
  // weight and the file. `index` is that into Manifest::weights, of one that has a file.
  Status checkWeight(int index, bool evenIfLarge = false) const;

  // The full path of a file that the manifest names.
  std::string pathOf(const std::string& file) const;

 private:
  Package(std::string path, Manifest manifest)
      : path_(std::move(path)), manifest_(std::move(manifest)) {}
  std::string path_;
  Manifest manifest_;
};

}  // namespace mlc::package
