#include "runtime/executor/segments.h"

#include <algorithm>

namespace mlc::executor {

StatusOr<void*> Segments::reserve(int64_t segment, int64_t bytes, int64_t kept) {
  constexpr int64_t kFewest = 64;
  if (bytes < 0) return invalidError("a size that the model computed is negative or overflows");
  device::DeviceBuffer& buffer = buffers_[segment];
  if (buffer.data() && buffer.size() >= bytes) return buffer.data();
  // What keeps its contents grows step by step: by half, so that all steps together copy little.
  const int64_t wanted =
      std::max({bytes, kFewest, kept > 0 ? buffer.size() + buffer.size() / 2 : int64_t{0}});
  if (kept == 0) buffer = {};
  MLC_ASSIGN_OR_RETURN(
      device::DeviceBuffer grown,
      device::DeviceBuffer::allocate(device_, wanted, "tensors of sizes that the model computed"));
  if (kept > 0) {
    MLC_RETURN_IF_ERROR(
        device_.copy(grown.data(), buffer.data(), kept, device::CopyDirection::kWithin));
  }
  buffer = std::move(grown);
  return buffer.data();
}

}  // namespace mlc::executor
