// How much a shape holds, for shapes from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base/dtype.h"

namespace mlc {

// The number of elements. None where a dim is negative, or where 64 bits cannot count the bytes of
// elements of 8 bytes along all dims but those of 0: strides of the shape do not overflow either.
std::optional<int64_t> elementsOf(const std::vector<int64_t>& shape);

// The bytes of such elements; none as above.
std::optional<int64_t> bytesOf(DType dtype, const std::vector<int64_t>& shape);

}  // namespace mlc
