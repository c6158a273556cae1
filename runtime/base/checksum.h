// XXH3-128 checksums, in hexadecimal.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/base/status.h"

namespace mlc {

std::string checksumOf(const void* data, size_t bytes);
StatusOr<std::string> checksumOfFile(const std::string& path);

}  // namespace mlc
