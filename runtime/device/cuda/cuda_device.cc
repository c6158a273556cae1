#include "runtime/device/cuda/cuda_device.h"

#include <array>
#include <vector>

#include "runtime/base/mapped_file.h"
#include "runtime/device/cuda/driver.h"

namespace mlc::device {
namespace {

using namespace cuda;

DevicePointer devicePointer(const void* memory) { return reinterpret_cast<DevicePointer>(memory); }

class CudaDevice : public Device {
 public:
  explicit CudaDevice(std::shared_ptr<const Driver> driver) : driver_(std::move(driver)) {}

  ~CudaDevice() override {
    if (!context_) return;
    driver_->contextSetCurrent(context_);
    if (module_) driver_->moduleUnload(module_);
    if (stream_) driver_->streamDestroy(stream_);
    driver_->primaryContextRelease(handle_);
  }

  Status open(int ordinal) {
    int count = 0;
    MLC_RETURN_IF_ERROR(driver_->check(driver_->deviceGetCount(&count), "counting the GPUs"));
    if (ordinal < 0 || ordinal >= count) {
      return deviceError("there is no GPU " + std::to_string(ordinal) + ": this host has " +
                         std::to_string(count));
    }
    MLC_RETURN_IF_ERROR(driver_->check(driver_->deviceGet(&handle_, ordinal), "opening the GPU"));
    MLC_RETURN_IF_ERROR(
        driver_->check(driver_->primaryContextRetain(&context_, handle_), "opening the GPU"));
    MLC_RETURN_IF_ERROR(makeCurrent());
    return driver_->check(driver_->streamCreate(&stream_, kNonBlocking), "making a stream");
  }

  Status loadKernels(const package::LoadedProgram& loaded) {
    const package::Program& program = *loaded.program;
    if (program.device_kernels.empty()) return okStatus();
    Status status = invalidError("the program has neither a cubin nor PTX");
    for (const std::string& file : {program.cubin, program.ptx}) {
      if (file.empty()) continue;
      status = loadModule(loaded.package->pathOf(file));
      if (status.ok()) break;
    }
    MLC_RETURN_IF_ERROR(status);
    for (const package::DeviceKernel& kernel : program.device_kernels) {
      Function function = nullptr;
      MLC_RETURN_IF_ERROR(
          driver_->check(driver_->moduleGetFunction(&function, module_, kernel.name.c_str()),
                         ("finding the device kernel '" + kernel.name + "'").c_str()));
      kernels_.push_back(function);
    }
    return okStatus();
  }

  bool isHostMemory() const override { return false; }

  StatusOr<void*> allocate(int64_t bytes, const std::string& purpose) override {
    MLC_RETURN_IF_ERROR(makeCurrent());
    DevicePointer pointer = 0;
    const std::string what =
        "allocating " + std::to_string(bytes) + " bytes on the GPU for " + purpose;
    // The driver does not allocate nothing.
    const size_t size = bytes > 0 ? static_cast<size_t>(bytes) : 1;
    MLC_RETURN_IF_ERROR(driver_->check(driver_->memoryAllocate(&pointer, size), what.c_str()));
    return reinterpret_cast<void*>(pointer);
  }

  void free(void* memory) override {
    if (memory && makeCurrent().ok()) driver_->memoryFree(devicePointer(memory));
  }

  Status copy(void* destination, const void* source, int64_t bytes,
              CopyDirection direction) override {
    if (bytes == 0) return okStatus();
    MLC_RETURN_IF_ERROR(makeCurrent());
    const auto size = static_cast<size_t>(bytes);
    Result result = kSuccess;
    switch (direction) {
      case CopyDirection::kToDevice:
        result = driver_->copyToDevice(devicePointer(destination), source, size, stream_);
        break;
      case CopyDirection::kToHost:
        result = driver_->copyToHost(destination, devicePointer(source), size, stream_);
        break;
      case CopyDirection::kWithin:
        result =
            driver_->copyWithin(devicePointer(destination), devicePointer(source), size, stream_);
        break;
    }
    MLC_RETURN_IF_ERROR(driver_->check(result, "copying to or from the GPU"));
    return synchronize();
  }

  Status launch(int64_t kernel, int64_t grid, int64_t block, void** args) override {
    if (kernel < 0 || kernel >= static_cast<int64_t>(kernels_.size())) {
      return invalidError("the program launches device kernel " + std::to_string(kernel) +
                          ", which it does not have");
    }
    if (grid == 0) return okStatus();
    MLC_RETURN_IF_ERROR(makeCurrent());
    return driver_->check(
        driver_->launchKernel(kernels_[static_cast<size_t>(kernel)], static_cast<unsigned>(grid), 1,
                              1, static_cast<unsigned>(block), 1, 1, 0, stream_, args, nullptr),
        "launching a device kernel");
  }

  Status synchronize() override {
    MLC_RETURN_IF_ERROR(makeCurrent());
    return driver_->check(driver_->streamSynchronize(stream_), "running device kernels");
  }

 private:
  // The context belongs to a thread; the device may be used by one after another.
  Status makeCurrent() {
    return driver_->check(driver_->contextSetCurrent(context_), "using the GPU");
  }

  Status loadModule(const std::string& path) {
    MLC_ASSIGN_OR_RETURN(auto file, MappedFile::open(path));
    // PTX is text and must end with a null byte.
    const std::string image(file->data(), file->size());
    std::array<char, 4096> log = {};
    std::array<int, 2> names = {kErrorLogBuffer, kErrorLogBufferBytes};
    std::array<void*, 2> values = {log.data(), reinterpret_cast<void*>(log.size())};
    const Result result = driver_->moduleLoadDataEx(
        &module_, image.c_str(), static_cast<unsigned>(names.size()), names.data(), values.data());
    Status status = driver_->check(result, ("loading " + path + " onto the GPU").c_str());
    if (status.ok() || log[0] == '\0') return status;
    return Status(status.code(), status.message() + "\n" + log.data());
  }

  const std::shared_ptr<const Driver> driver_;
  DeviceHandle handle_ = 0;
  Context context_ = nullptr;
  Module module_ = nullptr;
  Stream stream_ = nullptr;
  std::vector<Function> kernels_;
};

}  // namespace

StatusOr<std::unique_ptr<Device>> makeCudaDevice(int ordinal,
                                                 const package::LoadedProgram& program) {
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<const Driver> driver, Driver::load());
  auto device = std::make_unique<CudaDevice>(std::move(driver));
  MLC_RETURN_IF_ERROR(device->open(ordinal));
  MLC_RETURN_IF_ERROR(device->loadKernels(program));
  return std::unique_ptr<Device>(std::move(device));
}

}  // namespace mlc::device
