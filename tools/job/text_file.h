// Small files that the user names: plans, device models.
#pragma once

#include <string>

#include "runtime/base/status.h"

namespace mlc::tools {

// The whole file, which may be a pipe. Fails with kInvalid and a message that names it, also where
// it has more bytes than such files have.
StatusOr<std::string> readTextFile(const std::string& path);

}  // namespace mlc::tools
