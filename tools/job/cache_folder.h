// Where the tools keep what is costly to make again: packages and device measurements. Code of it
// is run: it belongs to its user alone.
#pragma once

#include <string>

#include "runtime/base/status.h"

namespace mlc::tools {

// $MLC_CACHE, else $XDG_CACHE_HOME/mlc, else ~/.cache/mlc.
StatusOr<std::string> cacheRoot();

// That subfolder of it. Both are made for their user alone where they are missing, and refused as
// checkOwn does.
StatusOr<std::string> cacheFolder(const std::string& subfolder);

// Fails with kUsage and the remedy where somebody else than the user owns a folder or file of the
// cache, or may write it; also where it is a link.
Status checkOwn(const std::string& path);

}  // namespace mlc::tools
