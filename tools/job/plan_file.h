// The plan file that --plan names.
#pragma once

#include <string>

#include "runtime/base/status.h"

namespace mlc::tools {

// How many ranks it is for.
StatusOr<int> ranksOfPlan(const std::string& path);

}  // namespace mlc::tools
