// XXH3-128 checksums, in hexadecimal: they notice accidents only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mlc {

std::string checksumOf(const void* data, size_t bytes);

}  // namespace mlc
