// mlc-run --cache: what is in the cache, and clearing it.
#pragma once

#include "tools/options/options.h"

namespace mlc::tools {

// The exit code.
int manageCache(const RunOptions& options);

}  // namespace mlc::tools
