// What --list-devices prints.
#pragma once

#include "partitioner/device_model/device_model.h"
#include "tools/options/options.h"

namespace mlc::tools {

// A table on standard output, or where --json says a file that --devices takes.
Status printDevices(const RunOptions& options, const partition::DeviceModel& devices);

}  // namespace mlc::tools
