#include "runtime/base/file_kind.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace mlc {

StatusOr<FileKind> fileKind(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return FileKind::kAbsent;
    return invalidError("cannot look at " + path + ": " + std::strerror(errno));
  }
  if (S_ISREG(info.st_mode)) return FileKind::kRegular;
  return S_ISDIR(info.st_mode) ? FileKind::kFolder : FileKind::kOther;
}

}  // namespace mlc
