// A tensor that passes between a program and the host: one buffer where the device's memory is the
// host's, else one on each side.
#pragma once

#include <string>

#include "runtime/base/aligned_buffer.h"
#include "runtime/base/status.h"
#include "runtime/device/device.h"

namespace mlc::executor {

class EdgeBuffer {
 public:
  // Makes room for that many bytes; what was there before is lost. Grows only.
  Status reserve(device::Device& device, int64_t bytes, const std::string& purpose) {
    if (reserved_ >= bytes) return okStatus();
    reserved_ = -1;
    onDevice_ = {};
    MLC_ASSIGN_OR_RETURN(onDevice_, device::DeviceBuffer::allocate(device, bytes, purpose));
    if (!device.isHostMemory()) {
      MLC_ASSIGN_OR_RETURN(onHost_, AlignedBuffer::allocate(static_cast<size_t>(bytes), purpose));
    }
    reserved_ = bytes;
    return okStatus();
  }

  // What the program sees, and what the host reads and writes.
  void* deviceData() const { return onDevice_.data(); }
  void* hostData() { return onHost_.data() ? onHost_.data() : onDevice_.data(); }

  Status toDevice(device::Device& device, int64_t bytes) {
    if (device.isHostMemory()) return okStatus();
    return device.copy(deviceData(), hostData(), bytes, device::CopyDirection::kToDevice);
  }
  Status toHost(device::Device& device, int64_t bytes) {
    if (device.isHostMemory()) return okStatus();
    return device.copy(hostData(), deviceData(), bytes, device::CopyDirection::kToHost);
  }

 private:
  device::DeviceBuffer onDevice_;
  AlignedBuffer onHost_;
  int64_t reserved_ = -1;
};

}  // namespace mlc::executor
