#include "runtime/device/cpu/cpu_device.h"
#include "runtime/device/device.h"

namespace mlc::device {

StatusOr<std::unique_ptr<Device>> openDevice(const std::string& name,
                                             const package::LoadedProgram& program) {
  const std::string kind = name.substr(0, name.find(':'));
  if (kind == "cpu") return makeCpuDevice();
  return unsupportedError("device '" + name + "' is of an unknown kind");
}

}  // namespace mlc::device
