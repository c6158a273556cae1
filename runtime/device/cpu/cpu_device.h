// The CPU as a device: its memory is the host's, and programs call their kernels themselves.
#pragma once

#include "runtime/device/device.h"

namespace mlc::device {

std::unique_ptr<Device> makeCpuDevice();

}  // namespace mlc::device
