// Files that the user named to be written.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/staging.h"
#include "runtime/base/status.h"

namespace mlc {

// A regular file appears as a whole or not at all: it is written beside itself and renamed, and one
// that was there keeps its mode. A device, a pipe, or an open file of the process (/dev/stdout,
// /dev/fd/N) is written into. A folder is an error.
class OutputFile {
 public:
  static StatusOr<OutputFile> open(const std::string& path);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  // Without finish(), what was there stays.
  ~OutputFile();

  Status write(std::string_view bytes);
  Status finish();

 private:
  explicit OutputFile(std::string path) : path_(std::move(path)) {}
  Status failure(int error) const;

  std::string path_;
  // Of a regular file: where links lead, and its mode.
  std::string target_;
  mode_t mode_ = 0;
  std::optional<Staging> staging_;
  int descriptor_ = -1;  // of something else
};

Status writeFile(const std::string& path, std::string_view bytes);

}  // namespace mlc
