// What lies at a path.
#pragma once

#include <string>

#include "runtime/base/status.h"

namespace mlc {

enum class FileKind {
  kAbsent,
  kRegular,
  kFolder,
  kOther,  // a device, pipe or socket
};

// Follows links. Fails with a message that names the path where it cannot be looked at: no
// permission, a loop of links, a name that is too long.
StatusOr<FileKind> fileKind(const std::string& path);

}  // namespace mlc
