#include "runtime/device/cpu/cpu_device.h"

#include <cstdlib>
#include <cstring>

#include "runtime/base/aligned_buffer.h"

namespace mlc::device {
namespace {

class CpuDevice : public Device {
 public:
  bool isHostMemory() const override { return true; }

  StatusOr<void*> allocate(int64_t bytes, const std::string& purpose) override {
    MLC_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                         AlignedBuffer::allocate(static_cast<size_t>(bytes), purpose));
    return static_cast<void*>(buffer.release());
  }

  void free(void* memory) override { std::free(memory); }

  Status copy(void* destination, const void* source, int64_t bytes, CopyDirection) override {
    std::memcpy(destination, source, static_cast<size_t>(bytes));
    return okStatus();
  }

  Status launch(int64_t, int64_t, int64_t, void**) override {
    return invalidError("the program launches a device kernel, but its rank is a CPU");
  }

  Status synchronize() override { return okStatus(); }
};

}  // namespace

std::unique_ptr<Device> makeCpuDevice() { return std::make_unique<CpuDevice>(); }

}  // namespace mlc::device
