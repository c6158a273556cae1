// The few functions of NVIDIA's driver that the runtime uses, found in libcuda.so.1 when it is
// there. Declared here, so that building needs no CUDA: the driver's ABI is stable (CUDA Driver API
// reference).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/shared_object.h"
#include "runtime/base/status.h"

namespace mlc::device::cuda {

using Result = int;  // 0: success
using DeviceHandle = int;
using DevicePointer = unsigned long long;
struct ContextObject;
struct ModuleObject;
struct FunctionObject;
struct StreamObject;
using Context = ContextObject*;
using Module = ModuleObject*;
using Function = FunctionObject*;
using Stream = StreamObject*;

inline constexpr Result kSuccess = 0;
inline constexpr Result kOutOfMemoryResult = 2;
// Options of cuModuleLoadDataEx.
inline constexpr int kErrorLogBuffer = 5;
inline constexpr int kErrorLogBufferBytes = 6;
// cuStreamCreate: not in order with the default stream.
inline constexpr unsigned kNonBlocking = 1;

struct Driver {
  // Fails with kDeviceFailed where there is no driver, or an old one.
  static StatusOr<std::shared_ptr<const Driver>> load();

  // OK, or an error that says what was being done and the driver's reason.
  Status check(Result result, const char* what) const;

  Result (*init)(unsigned flags);
  Result (*deviceGetCount)(int* count);
  Result (*deviceGet)(DeviceHandle* device, int ordinal);
  Result (*primaryContextRetain)(Context* context, DeviceHandle device);
  Result (*primaryContextRelease)(DeviceHandle device);
  Result (*contextSetCurrent)(Context context);
  Result (*moduleLoadDataEx)(Module* module, const void* image, unsigned options, int* names,
                             void** values);
  Result (*moduleUnload)(Module module);
  Result (*moduleGetFunction)(Function* function, Module module, const char* name);
  Result (*memoryAllocate)(DevicePointer* pointer, size_t bytes);
  Result (*memoryFree)(DevicePointer pointer);
  Result (*copyToDevice)(DevicePointer destination, const void* source, size_t bytes,
                         Stream stream);
  Result (*copyToHost)(void* destination, DevicePointer source, size_t bytes, Stream stream);
  Result (*copyWithin)(DevicePointer destination, DevicePointer source, size_t bytes,
                       Stream stream);
  Result (*streamCreate)(Stream* stream, unsigned flags);
  Result (*streamDestroy)(Stream stream);
  Result (*streamSynchronize)(Stream stream);
  Result (*launchKernel)(Function function, unsigned gridX, unsigned gridY, unsigned gridZ,
                         unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                         Stream stream, void** arguments, void** extra);
  Result (*getErrorString)(Result result, const char** text);

 private:
  std::shared_ptr<const SharedObject> object_;
};

}  // namespace mlc::device::cuda
