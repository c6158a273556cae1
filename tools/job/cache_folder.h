// Where the tools keep what is costly to make again: packages and device measurements.
#pragma once

#include <string>

#include "runtime/base/status.h"

namespace mlc::tools {

// $MLC_CACHE, else $XDG_CACHE_HOME/mlc, else ~/.cache/mlc, with that subfolder; made if it is
// missing.
StatusOr<std::string> cacheFolder(const std::string& subfolder);

// The whole file. Fails with kInvalid and a message that names it.
StatusOr<std::string> readTextFile(const std::string& path);

// Under a temporary name first, so that a file of that name is always whole.
Status writeTextFile(const std::string& path, const std::string& text);

}  // namespace mlc::tools
