// Temporary files and folders, each beside the path that it is to become (or in a folder for
// temporary ones).
//
// A name is random (.NAME.mlc-XXXXXX), made exclusively and for its user alone, and locked as long
// as its owner lives. So nobody shares it by chance or on purpose, and what a killed process left
// is known by its free lock: the next one that stages for the same path removes it.
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/base/status.h"

namespace mlc {

// Removed with all that is in it unless it was released. Movable.
class Staging {
 public:
  // Beside `path`, whose folder must be there.
  static StatusOr<Staging> file(const std::string& path);
  static StatusOr<Staging> folder(const std::string& path);

  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&&) = delete;
  ~Staging();

  const std::string& path() const { return path_; }
  // Of a file: for reading and writing.
  int descriptor() const { return descriptor_; }

  // Allows others what that mode does: it was its user's alone.
  Status setMode(mode_t mode);

  // It has got its final name, and stays.
  void release() { path_.clear(); }

 private:
  Staging(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
};

// Removes what dead owners left in a folder, for `name` or (empty) for any path in it.
void collectStaging(const std::string& folder, const std::string& name);

// What the process's umask leaves of a mode.
mode_t maskedMode(mode_t mode);

}  // namespace mlc
