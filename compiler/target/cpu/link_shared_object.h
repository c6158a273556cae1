// Links objects into a shared object with LLD, in process.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::cpu {

// Writes the shared object of these objects (bytes of ELF files) to `path`, in a folder that is the
// caller's own. The same objects give the same bytes. One link runs at a time in a process; further
// callers wait.
Status linkSharedObject(const std::vector<std::string>& objects, const std::string& path);

}  // namespace mlc::cpu
