// Memory of one state of one sequence, which grows from run to run.
#pragma once

#include <cstddef>
#include <string>

#include "runtime/base/status.h"
#include "runtime/device/device.h"

namespace mlc::executor {

// Movable only. Aligned to 64 bytes at least. Always used with the same device, which must outlive
// it.
class StateBuffer {
 public:
  StateBuffer() = default;
  StateBuffer(StateBuffer&& other) noexcept { *this = std::move(other); }
  StateBuffer& operator=(StateBuffer&& other) noexcept;
  ~StateBuffer() { unmap(); }

  // Room for `bytes`, of which the first `held` stay; it doubles where it has to grow. In the
  // host's memory nothing is copied: pages are mapped elsewhere, and those that were never written
  // take no memory. On a device what is copied over many runs is no more than what they wrote.
  // Fails with kOutOfMemory, with everything as it was.
  Status reserve(device::Device& device, int64_t bytes, int64_t held, const std::string& purpose);

  // Takes over the first `held` bytes of another one.
  Status copyFrom(device::Device& device, const StateBuffer& other, int64_t held,
                  const std::string& purpose);

  void* data() const { return mapped_ ? mapped_ : onDevice_.data(); }

 private:
  Status reserveOnHost(size_t bytes, const std::string& purpose);
  Status reserveOnDevice(device::Device& device, int64_t bytes, int64_t held,
                         const std::string& purpose);
  void unmap();

  void* mapped_ = nullptr;
  size_t mappedBytes_ = 0;
  device::DeviceBuffer onDevice_;
};

}  // namespace mlc::executor
