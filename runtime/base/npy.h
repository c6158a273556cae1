// Files of numpy's .npy format (https://numpy.org/neps/nep-0001-npy-format.html), versions 1 to 3.
//
// Every DType is read and written; bf16, which numpy does not have, is written as the two-byte void
// type '<V2' (as ml_dtypes does) and read from it.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc {

// Reads a tensor; one in Fortran order is put into C order, a big-endian one is refused. Fails with
// a message that names the file.
StatusOr<HostTensor> readNpy(const std::string& path);

// The same from the file's bytes; `name` stands for it in messages.
StatusOr<HostTensor> parseNpy(std::string_view text, const std::string& name);

// Writes version 1.0, in C order.
Status writeNpy(const std::string& path, const HostTensor& tensor);

}  // namespace mlc
