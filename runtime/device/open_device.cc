#include <charconv>

#include "runtime/device/cpu/cpu_device.h"
#include "runtime/device/cuda/cuda_device.h"
#include "runtime/device/device.h"
#include "runtime/device/fake/fake_device.h"

namespace mlc::device {

StatusOr<std::unique_ptr<Device>> openDevice(const std::string& name,
                                             const package::LoadedProgram& program) {
  const size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  if (kind == "cpu") return makeCpuDevice();
  if (kind == "fake") return makeFakeDevice(program);
  if (kind == "cuda") {
    int ordinal = 0;
    if (colon != std::string::npos) {
      const char* end = name.data() + name.size();
      const auto [stop, error] = std::from_chars(name.data() + colon + 1, end, ordinal);
      if (error != std::errc() || stop != end)
        return invalidError("device '" + name + "' is not 'cuda:<number>'");
    }
    return makeCudaDevice(ordinal, program);
  }
  return unsupportedError("device '" + name + "' is of an unknown kind");
}

}  // namespace mlc::device
