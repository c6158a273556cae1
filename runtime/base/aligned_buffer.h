// Memory aligned to 64 bytes, as compiled programs want it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

#include "runtime/base/status.h"

namespace mlc {

inline constexpr size_t kBufferAlignment = 64;

// Owns its memory, which is not initialised. Movable only.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;

  // Has an address even for no bytes. Fails with kOutOfMemory, saying what the memory is for.
  static StatusOr<AlignedBuffer> allocate(size_t bytes, const std::string& purpose) {
    AlignedBuffer buffer;
    const size_t rounded = (bytes / kBufferAlignment + 1) * kBufferAlignment;
    void* memory = rounded > bytes ? std::aligned_alloc(kBufferAlignment, rounded) : nullptr;
    if (!memory) {
      return outOfMemoryError("cannot allocate " + std::to_string(bytes) + " bytes for " + purpose);
    }
    buffer.memory_.reset(memory);
    buffer.bytes_ = bytes;
    return buffer;
  }

  char* data() { return static_cast<char*>(memory_.get()); }
  const char* data() const { return static_cast<const char*>(memory_.get()); }
  size_t size() const { return bytes_; }

  // Gives the memory up, to be freed with std::free.
  char* release() { return static_cast<char*>(memory_.release()); }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  size_t bytes_ = 0;
};

}  // namespace mlc
