// A private folder for temporary files, removed with what is in it.
#pragma once

#include <string>

#include "runtime/base/status.h"

namespace mlc::cpu {

class TemporaryFolder {
 public:
  // In $TMPDIR, else /tmp.
  static StatusOr<TemporaryFolder> create();

  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace mlc::cpu
