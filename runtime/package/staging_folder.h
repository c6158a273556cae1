// Packages appear as a whole or not at all: they are made under a temporary name beside their own
// and renamed.
#pragma once

#include <string>

#include "runtime/base/status.h"

namespace mlc::package {

// The folder under the temporary name; removed unless committed.
class StagingFolder {
 public:
  // Fails with kUsage where something else than a package has the final name.
  static StatusOr<StagingFolder> create(const std::string& finalPath);

  StagingFolder(StagingFolder&& other) noexcept;
  StagingFolder& operator=(StagingFolder&&) = delete;
  ~StagingFolder();

  const std::string& path() const { return path_; }

  // Renames the folder to its final name, in place of a package that is there.
  Status commit();

 private:
  StagingFolder(std::string path, std::string finalPath);

  std::string path_, finalPath_;
};

// A copy of a package's files, in place of a package that is there.
Status copyPackage(const std::string& from, const std::string& to);

}  // namespace mlc::package
