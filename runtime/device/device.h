// Where a rank's program has its memory and runs its kernels.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/package/loader.h"

namespace mlc::device {

enum class CopyDirection { kToDevice = 0, kToHost = 1, kWithin = 2 };  // equal to the ABI's

// Used by one thread at a time. Memory is 64-byte aligned.
class Device {
 public:
  virtual ~Device() = default;

  // Whether the host reads and writes the device's memory, so that nothing has to be copied at the
  // edges.
  virtual bool isHostMemory() const = 0;

  // Not initialised. Fails with kOutOfMemory, saying what the memory is for. No bytes are allowed.
  virtual StatusOr<void*> allocate(int64_t bytes, const std::string& purpose) = 0;
  virtual void free(void* memory) = 0;

  // In the order of the launches; the copy is done on return.
  virtual Status copy(void* destination, const void* source, int64_t bytes,
                      CopyDirection direction) = 0;

  // Starts the program's device kernel of that index over `grid` blocks of `block` threads. args[i]
  // points to the i-th argument's value.
  virtual Status launch(int64_t kernel, int64_t grid, int64_t block, void** args) = 0;

  // Waits for all launches; their errors come out here.
  virtual Status synchronize() = 0;
};

// Opens the device that the manifest names for a rank ("cpu", "cuda:0", "fake:0") with the
// program's device kernels.
StatusOr<std::unique_ptr<Device>> openDevice(const std::string& name,
                                             const package::LoadedProgram& program);

// Memory of a device with an owner. Movable only.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  // Memory that somebody else has made, of a device with isHostMemory().
  DeviceBuffer(std::shared_ptr<void> memory, int64_t bytes)
      : memory_(std::move(memory)), bytes_(bytes) {}
  static StatusOr<DeviceBuffer> allocate(Device& device, int64_t bytes,
                                         const std::string& purpose) {
    MLC_ASSIGN_OR_RETURN(void* memory, device.allocate(bytes, purpose));
    return DeviceBuffer(
        std::shared_ptr<void>(memory, [device = &device](void* freed) { device->free(freed); }),
        bytes);
  }
  DeviceBuffer(DeviceBuffer&& other) = default;
  DeviceBuffer& operator=(DeviceBuffer&& other) = default;

  void* data() const { return memory_.get(); }
  int64_t size() const { return bytes_; }

 private:
  std::shared_ptr<void> memory_;
  int64_t bytes_ = 0;
};

}  // namespace mlc::device
