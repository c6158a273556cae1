// XXH3-128 checksums, in hexadecimal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/base/status.h"

namespace mlc {

std::string checksumOf(const void* data, size_t bytes);

// Of a file, or of the `bytes` bytes from `offset` on. Reads in pieces, so that the file does not
// count as this process's memory. Fails with a message that names the file, also if it is too
// short.
StatusOr<std::string> checksumOfFile(const std::string& path);
StatusOr<std::string> checksumOfFileRange(const std::string& path, int64_t offset, int64_t bytes);

}  // namespace mlc
