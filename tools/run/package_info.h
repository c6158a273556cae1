// What --info prints.
#pragma once

#include "tools/options/options.h"

namespace mlc::tools {

// What the package holds, as text on standard output or as JSON where --json says; checked like one
// that is to be run, by --trust too. The exit code.
int printInfo(const RunOptions& options);

}  // namespace mlc::tools
