// Memory of tensors whose sizes a program learns while it runs: one growing buffer a segment.
#pragma once

#include <cstdint>
#include <map>

#include "runtime/device/device.h"

namespace mlc::executor {

// Used by one thread at a time. Borrows the device.
class Segments {
 public:
  explicit Segments(device::Device& device) : device_(device) {}

  // At least `bytes` bytes (and 64), 64-byte aligned, the first `kept` of which are those of the
  // segment's last buffer. Fails with kInvalid for a negative size and kOutOfMemory; the segment is
  // then as it was.
  StatusOr<void*> reserve(int64_t segment, int64_t bytes, int64_t kept);

 private:
  device::Device& device_;
  std::map<int64_t, device::DeviceBuffer> buffers_;
};

}  // namespace mlc::executor
