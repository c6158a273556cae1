// An NVIDIA GPU, by way of the driver alone.
#pragma once

#include "runtime/device/device.h"

namespace mlc::device {

// Opens GPU `ordinal` and loads the program's device kernels: its cubin, or where that does not fit
// the GPU, its PTX, which the driver compiles. Launches and copies are in order on one stream.
StatusOr<std::unique_ptr<Device>> makeCudaDevice(int ordinal,
                                                 const package::LoadedProgram& program);

}  // namespace mlc::device
