// How the importer's parts stop: an exception that importOnnx turns into its Status, so that
// handlers of ops read as formulas. It never leaves this folder.
#pragma once

#include <utility>

#include "runtime/base/status.h"

namespace mlc::onnx_import {

struct ImportError {
  Status status;
};

// The import must start again, because dims were found to be equal (symbols.h).
struct Restart {};

// The value, or the error as an ImportError.
template <typename T>
T valueOrThrow(StatusOr<T> value) {
  if (!value.ok()) throw ImportError{value.status()};
  return *std::move(value);
}

inline void throwIfError(Status status) {
  if (!status.ok()) throw ImportError{std::move(status)};
}

}  // namespace mlc::onnx_import
