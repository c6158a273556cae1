// Files of numpy's .npy format (https://numpy.org/neps/nep-0001-npy-format.html), versions 1 to 3.
//
// Every DType is read and written; bf16, which numpy does not have, is written as the two-byte void
// type '<V2' (as ml_dtypes does) and read from it. Types of 8 bits and less that numpy does not
// have are written as a record of one byte whose field has the type's name, so that
// np.load(file)["i4"] gives the values, and np.load(file)["f8e5m2"] the bits of every element.
// Strings are '<U5' (UCS-4, of the longest's length); '|S5' is read too. Sequences and optionals
// have no such file.
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

// More bytes than the header of such a tensor has.
inline constexpr size_t kMostNpyHeaderBytes = 1 << 16;

// How many bytes such a file has, by its header, which the first of them hold: all of the file, or
// kMostNpyHeaderBytes.
StatusOr<int64_t> npyBytes(std::string_view first, const std::string& name);

// Writes version 1.0, in C order.
Status writeNpy(const std::string& path, const HostTensor& tensor);

}  // namespace mlc
