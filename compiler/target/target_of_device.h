// The target of a rank, by the device that it runs on.
#pragma once

#include <memory>

#include "compiler/target/program_target.h"
#include "partitioner/device_model/device_model.h"

namespace mlc::target {

// `host` is the CPU of the device's host: for a device of kind kCpu the device itself. Fails with
// kUsage where the device has an architecture that is not known.
StatusOr<std::unique_ptr<ProgramTarget>> targetOfDevice(const partition::Device& device,
                                                        const cpu::CpuTarget& host);

// Dialects and interfaces that the targets need.
void registerLoweringDialects(mlir::DialectRegistry& registry);

}  // namespace mlc::target
