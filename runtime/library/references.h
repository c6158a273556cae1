// Typed access to the tensors of references of a library call. Private to the library.
#pragma once

#include <cstring>
#include <vector>

#include "runtime/library/library.h"
#include "runtime/library/tensor_view.h"

namespace mlc::library {

inline Reference& referenceOf(const MlcTensor& tensor) { return *dataOf<Reference>(tensor); }

inline std::vector<int64_t> shapeOf(const MlcTensor& tensor) {
  return {tensor.dims, tensor.dims + tensor.rank};
}

inline int64_t bytesOf(const MlcTensor& tensor) {
  return dtypeBytes(static_cast<DType>(tensor.type), elementsOf(tensor));
}

// A tensor of its own with the same elements.
inline HostTensor copyOf(const MlcTensor& tensor) {
  HostTensor copy = HostTensor::uninitialized(static_cast<DType>(tensor.type), shapeOf(tensor));
  if (copy.bytes() > 0) std::memcpy(copy.raw(), tensor.data, copy.bytes());
  return copy;
}

inline void clear(const MlcTensor& tensor) {
  if (const int64_t bytes = bytesOf(tensor))
    std::memset(tensor.data, 0, static_cast<size_t>(bytes));
}

// Runs body() on thread 0; where it fails, all results are zeros, which refer to nothing.
template <typename Body>
Status onThreadZero(const Call& call, Body body) {
  if (call.thread != 0) return okStatus();
  Status status = body();
  if (!status.ok()) {
    for (const MlcTensor& result : call.results) clear(result);
  }
  return status;
}

}  // namespace mlc::library
