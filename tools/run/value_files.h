// Files of the values that go into a model and come out of it.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"

namespace mlc::tools {

// A .npy, .npz member (FILE.npz:NAME, or the only one of FILE.npz) or .pb file. A sequence is a .pb
// file or a folder of 0.npy, 1.npy, ...; an optional is a .pb file, or what its value is.
StatusOr<HostTensor> readValue(const std::string& path, DType type);

// PROTO.pb of a folder, or else what is there under the value's name: NAME.npy, or the folder NAME.
// An optional that is not there has no value. None where there is neither.
StatusOr<std::optional<HostTensor>> readValueIn(const std::string& folder, const std::string& proto,
                                                const std::string& name, DType type);

// Writes FOLDER/FILE.npy, or FOLDER/FILE/0.npy, ... of a sequence, or nothing of an optional
// without a value; returns the name of what it wrote.
StatusOr<std::string> writeValue(const std::string& folder, const std::string& file,
                                 const HostTensor& value);

}  // namespace mlc::tools
