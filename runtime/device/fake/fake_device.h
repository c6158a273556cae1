// A device that is not there: runs a program's device kernels on the CPU, from the package's
// emulation object.
#pragma once

#include "runtime/device/device.h"

namespace mlc::device {

// Its memory is apart from the host's: a copy that takes one for the other is an error, and the
// host cannot follow its pointers (runtime/abi/emulated_kernel.h), so that programs which mix the
// two up are noticed. Fresh memory is filled with a pattern.
StatusOr<std::unique_ptr<Device>> makeFakeDevice(const package::LoadedProgram& program);

}  // namespace mlc::device
