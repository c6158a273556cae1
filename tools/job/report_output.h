// How tools write what they have to say.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/status.h"

namespace mlc::tools {

// "12.3 MB".
std::string megabytes(int64_t bytes);

// The text on standard output, and the JSON into the file that is named for it; of "-" the JSON on
// standard output alone, of "" none. `what` they are, for the error where standard output takes
// nothing.
Status writeReport(const std::string& text, const std::string& json, const std::string& jsonFile,
                   const std::string& what);

}  // namespace mlc::tools
