#include "compiler/target/cpu/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace mlc::cpu {

namespace fs = std::filesystem;

StatusOr<TemporaryFolder> TemporaryFolder::create() {
  std::error_code error;
  std::string path = (fs::temp_directory_path(error) / "mlc-link-XXXXXX").string();
  if (error) return invalidError("TMPDIR is no folder for temporary files: " + error.message());
  if (!mkdtemp(path.data()))
    return invalidError("cannot make temporary folder " + path + ": " + std::strerror(errno));
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace mlc::cpu
