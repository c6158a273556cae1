#include "runtime/base/shape_bytes.h"

namespace mlc {

std::optional<int64_t> elementsOf(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  bool isEmpty = false;
  for (int64_t dim : shape) {
    if (dim < 0) return std::nullopt;
    isEmpty |= dim == 0;
    if (dim > 0 && (__builtin_mul_overflow(count, dim, &count) || count > INT64_MAX / 8))
      return std::nullopt;
  }
  return isEmpty ? 0 : count;
}

std::optional<int64_t> bytesOf(DType dtype, const std::vector<int64_t>& shape) {
  const std::optional<int64_t> count = elementsOf(shape);
  if (!count) return std::nullopt;
  return dtypeBytes(dtype, *count);
}

}  // namespace mlc
