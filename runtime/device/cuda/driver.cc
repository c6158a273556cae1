#include "runtime/device/cuda/driver.h"

#include <string>

namespace mlc::device::cuda {

StatusOr<std::shared_ptr<const Driver>> Driver::load() {
  StatusOr<std::shared_ptr<const SharedObject>> object = SharedObject::load("libcuda.so.1");
  if (!object.ok()) {
    return deviceError("the package needs an NVIDIA GPU, but this host has no NVIDIA driver (" +
                       object.status().message() + ")");
  }
  auto driver = std::make_shared<Driver>();
  std::string missing;
  auto find = [&](auto*& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>((*object)->find(name));
    if (!function) missing = name;
  };
  find(driver->init, "cuInit");
  find(driver->deviceGetCount, "cuDeviceGetCount");
  find(driver->deviceGet, "cuDeviceGet");
  find(driver->primaryContextRetain, "cuDevicePrimaryCtxRetain");
  find(driver->primaryContextRelease, "cuDevicePrimaryCtxRelease_v2");
  find(driver->contextSetCurrent, "cuCtxSetCurrent");
  find(driver->moduleLoadDataEx, "cuModuleLoadDataEx");
  find(driver->moduleUnload, "cuModuleUnload");
  find(driver->moduleGetFunction, "cuModuleGetFunction");
  find(driver->memoryAllocate, "cuMemAlloc_v2");
  find(driver->memoryFree, "cuMemFree_v2");
  find(driver->copyToDevice, "cuMemcpyHtoDAsync_v2");
  find(driver->copyToHost, "cuMemcpyDtoHAsync_v2");
  find(driver->copyWithin, "cuMemcpyDtoDAsync_v2");
  find(driver->streamCreate, "cuStreamCreate");
  find(driver->streamDestroy, "cuStreamDestroy_v2");
  find(driver->streamSynchronize, "cuStreamSynchronize");
  find(driver->launchKernel, "cuLaunchKernel");
  find(driver->getErrorString, "cuGetErrorString");
  if (!missing.empty()) return deviceError("the NVIDIA driver is too old: it lacks " + missing);
  driver->object_ = *std::move(object);
  MLC_RETURN_IF_ERROR(driver->check(driver->init(0), "starting the NVIDIA driver"));
  return std::shared_ptr<const Driver>(std::move(driver));
}

Status Driver::check(Result result, const char* what) const {
  if (result == kSuccess) return okStatus();
  const char* text = nullptr;
  getErrorString(result, &text);
  const std::string message =
      std::string(what) + ": " + (text ? text : "error " + std::to_string(result));
  return result == kOutOfMemoryResult ? outOfMemoryError(message) : deviceError(message);
}

}  // namespace mlc::device::cuda
