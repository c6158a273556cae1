#include "runtime/device/fake/fake_device.h"

#include <cstring>
#include <map>
#include <vector>

#include "runtime/abi/emulated_kernel.h"
#include "runtime/base/aligned_buffer.h"
#include "runtime/base/shared_object.h"

namespace mlc::device {
namespace {

constexpr int kPattern = 0xcd;

// Between an address and the pointer that the host gets.
char* biased(const void* address) {
  return reinterpret_cast<char*>(reinterpret_cast<int64_t>(address) + MLC_FAKE_POINTER_BIAS);
}
char* addressOf(const void* pointer) {
  return reinterpret_cast<char*>(reinterpret_cast<int64_t>(pointer) - MLC_FAKE_POINTER_BIAS);
}

class FakeDevice : public Device {
 public:
  FakeDevice(std::shared_ptr<const SharedObject> object, std::vector<MlcEmulatedKernel> kernels)
      : object_(std::move(object)), kernels_(std::move(kernels)) {}

  bool isHostMemory() const override { return false; }

  StatusOr<void*> allocate(int64_t bytes, const std::string& purpose) override {
    MLC_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                         AlignedBuffer::allocate(static_cast<size_t>(bytes), purpose));
    std::memset(buffer.data(), kPattern, buffer.size());
    char* pointer = biased(buffer.data());
    blocks_.emplace(pointer, std::move(buffer));
    return static_cast<void*>(pointer);
  }

  void free(void* memory) override { blocks_.erase(static_cast<char*>(memory)); }

  Status copy(void* destination, const void* source, int64_t bytes,
              CopyDirection direction) override {
    const bool toDevice = direction != CopyDirection::kToHost;
    const bool fromDevice = direction != CopyDirection::kToDevice;
    if (isMine(destination, bytes) != toDevice || isMine(source, bytes) != fromDevice) {
      return deviceError("a copy of " + std::to_string(bytes) +
                         " bytes mixes up host and device memory");
    }
    std::memcpy(toDevice ? addressOf(destination) : destination,
                fromDevice ? addressOf(source) : source, static_cast<size_t>(bytes));
    return okStatus();
  }

  Status launch(int64_t kernel, int64_t grid, int64_t block, void** args) override {
    if (kernel < 0 || kernel >= static_cast<int64_t>(kernels_.size())) {
      return invalidError("the program launches device kernel " + std::to_string(kernel) +
                          ", which it does not have");
    }
    for (int64_t i = 0; i < grid; ++i) {
      for (int64_t thread = 0; thread < block; ++thread) {
        kernels_[static_cast<size_t>(kernel)](i, thread, grid, block, args);
      }
    }
    return okStatus();
  }

  Status synchronize() override { return okStatus(); }

 private:
  // Whether the range lies in memory that was allocated here, by its pointer.
  bool isMine(const void* data, int64_t bytes) const {
    const char* begin = static_cast<const char*>(data);
    auto it = blocks_.upper_bound(begin);
    if (it == blocks_.begin()) return false;
    --it;
    return begin + bytes <= it->first + it->second.size();
  }

  std::shared_ptr<const SharedObject> object_;
  std::vector<MlcEmulatedKernel> kernels_;
  std::map<const char*, AlignedBuffer> blocks_;  // by pointer
};

}  // namespace

StatusOr<std::unique_ptr<Device>> makeFakeDevice(const package::LoadedProgram& program) {
  const std::vector<package::DeviceKernel>& wanted = program.program->device_kernels;
  if (wanted.empty()) return std::unique_ptr<Device>(new FakeDevice(nullptr, {}));
  if (program.program->emulation.empty()) {
    return invalidError(
        "the package has no emulation of its device kernels: it does not run on a fake device");
  }
  const std::string path = program.package->pathOf(program.program->emulation);
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<const SharedObject> object, SharedObject::load(path));
  std::vector<MlcEmulatedKernel> kernels;
  for (const package::DeviceKernel& kernel : wanted) {
    void* symbol = object->find(kernel.name);
    if (!symbol) return invalidError(path + " lacks the device kernel '" + kernel.name + "'");
    kernels.push_back(reinterpret_cast<MlcEmulatedKernel>(symbol));
  }
  return std::unique_ptr<Device>(new FakeDevice(std::move(object), std::move(kernels)));
}

}  // namespace mlc::device
