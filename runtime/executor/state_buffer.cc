#include "runtime/executor/state_buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace mlc::executor {
namespace {

// Growth is in these steps at least.
constexpr size_t kLeastBytes = 64 * 1024;

Status noMemory(int64_t bytes, const std::string& purpose) {
  return outOfMemoryError("cannot allocate " + std::to_string(bytes) + " bytes for " + purpose);
}

}  // namespace

StateBuffer& StateBuffer::operator=(StateBuffer&& other) noexcept {
  std::swap(mapped_, other.mapped_);
  std::swap(mappedBytes_, other.mappedBytes_);
  std::swap(onDevice_, other.onDevice_);
  return *this;
}

void StateBuffer::unmap() {
  if (mapped_) ::munmap(mapped_, mappedBytes_);
  mapped_ = nullptr;
}

Status StateBuffer::reserve(device::Device& device, int64_t bytes, int64_t held,
                            const std::string& purpose) {
  if (device.isHostMemory()) return reserveOnHost(static_cast<size_t>(bytes), purpose);
  return reserveOnDevice(device, bytes, held, purpose);
}

Status StateBuffer::reserveOnHost(size_t bytes, const std::string& purpose) {
  if (mapped_ && bytes <= mappedBytes_) return okStatus();
  const auto rounded = [](size_t size) {
    return (std::max(size, kLeastBytes) + kLeastBytes - 1) / kLeastBytes * kLeastBytes;
  };
  // Twice as much as before where that can be had.
  for (const size_t size : {rounded(std::max(bytes, 2 * mappedBytes_)), rounded(bytes)}) {
    if (size < bytes) break;
    void* memory =
        mapped_ ? ::mremap(mapped_, mappedBytes_, size, MREMAP_MAYMOVE)
                : ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) continue;
    mapped_ = memory;
    mappedBytes_ = size;
    return okStatus();
  }
  return noMemory(static_cast<int64_t>(bytes), purpose);
}

Status StateBuffer::reserveOnDevice(device::Device& device, int64_t bytes, int64_t held,
                                    const std::string& purpose) {
  if (onDevice_.data() && bytes <= onDevice_.size()) return okStatus();
  const int64_t doubled = std::max(bytes, 2 * onDevice_.size());
  StatusOr<device::DeviceBuffer> grown = device::DeviceBuffer::allocate(device, doubled, purpose);
  if (!grown.ok() && doubled > bytes)
    grown = device::DeviceBuffer::allocate(device, bytes, purpose);
  MLC_RETURN_IF_ERROR(grown.status());
  if (held > 0) {
    MLC_RETURN_IF_ERROR(
        device.copy(grown->data(), onDevice_.data(), held, device::CopyDirection::kWithin));
  }
  onDevice_ = *std::move(grown);
  return okStatus();
}

Status StateBuffer::copyFrom(device::Device& device, const StateBuffer& other, int64_t held,
                             const std::string& purpose) {
  MLC_RETURN_IF_ERROR(reserve(device, held, 0, purpose));
  if (held == 0) return okStatus();
  if (!device.isHostMemory())
    return device.copy(data(), other.data(), held, device::CopyDirection::kWithin);
  std::memcpy(data(), other.data(), static_cast<size_t>(held));
  return okStatus();
}

}  // namespace mlc::executor
