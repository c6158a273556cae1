// A device file is refused, or the same when it is printed and read again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "partitioner/device_model/device_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mlc::partition;
  const mlc::StatusOr<DeviceModel> model =
      parseDeviceModel(std::string(reinterpret_cast<const char*>(data), size));
  // Many devices take long to print, which finds nothing.
  if (!model.ok() || model->devices.size() > 64) return 0;
  const std::string printed = printDeviceModel(*model);
  const mlc::StatusOr<DeviceModel> again = parseDeviceModel(printed);
  if (!again.ok() || printDeviceModel(*again) != printed) std::abort();
  return 0;
}
