// Files of numpy's .npz format: zip archives of .npy files.
#pragma once

#include <string>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc::tools {

// The array of that name (or of the only name, if it is empty), stored or compressed. Fails with
// kInvalid and a message that names the file, and the arrays that it has where the name is none of
// them.
StatusOr<HostTensor> readNpz(const std::string& path, const std::string& member);

}  // namespace mlc::tools
