// Links objects into a shared object with LLD, in process.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::cpu {

// The bytes of the shared object of these objects (bytes of ELF files of one architecture). The
// same objects give the same bytes. One link runs at a time in a process; further callers wait. LLD
// takes and writes files: they are in a temporary folder meanwhile.
StatusOr<std::string> linkSharedObject(const std::vector<std::string>& objects);

}  // namespace mlc::cpu
