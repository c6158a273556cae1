// A device that is not there: runs a program's device kernels on the CPU, from the package's
// emulation object.
#pragma once

#include "runtime/device/device.h"

namespace mlc::device {

// A device kernel of an emulation object: does what one thread of one block does.
using EmulatedKernel = void (*)(int64_t blockIndex, int64_t threadIndex, int64_t grid,
                                int64_t block, void** args);

// Its memory is apart from the host's: what is copied to or from anything else is an error, so that
// programs which mix the two up are noticed. Fresh memory is filled with a pattern.
StatusOr<std::unique_ptr<Device>> makeFakeDevice(const package::LoadedProgram& program);

}  // namespace mlc::device
