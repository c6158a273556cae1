// Packages appear as a whole or not at all: they are made under a temporary name beside their own
// and renamed. They take the place of another package only.
#pragma once

#include <string>

#include "runtime/base/staging.h"
#include "runtime/base/status.h"

namespace mlc::package {

// Fails with kUsage where the path is anything else than free or a package: a folder whose manifest
// is one that mlc wrote, in whatever version, and that holds nothing but the files of that
// manifest.
Status checkReplaceable(const std::string& path);

// The folder under the temporary name; removed unless committed.
class StagingFolder {
 public:
  // Makes the folders above. Fails as checkReplaceable does.
  static StatusOr<StagingFolder> create(const std::string& finalPath);

  const std::string& path() const { return staging_.path(); }

  // Gives the folder its final name, in place of a package that is there.
  Status commit();

 private:
  StagingFolder(Staging staging, std::string finalPath)
      : staging_(std::move(staging)), finalPath_(std::move(finalPath)) {}

  Staging staging_;
  std::string finalPath_;
};

// A copy of a package's files, in place of a package that is there, signed by the key of a file if
// one is named.
Status copyPackage(const std::string& from, const std::string& to, const std::string& signingKey);

}  // namespace mlc::package
