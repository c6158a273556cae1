// Names of tensors as names of files.
#pragma once

#include <string>

namespace mlc::tools {

// The name with what does not suit a file's name replaced by _.
std::string fileNameOf(const std::string& name);

}  // namespace mlc::tools
