// A tensor in host memory: type, shape and a shared, 64-byte aligned, row-major buffer. Elements of
// packed types lie without gaps between rows (runtime/base/element.h reads and writes them).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/base/dtype.h"

namespace mlc {

class Objects;

// Copies share the buffer. Reading from several threads is safe.
class HostTensor {
 public:
  HostTensor() = default;

  // A buffer of its own, not initialised. The shape's dims must not be negative. Throws
  // std::bad_alloc where there is no memory for it, or 64 bits do not count its bytes.
  static HostTensor uninitialized(DType dtype, std::vector<int64_t> shape);
  static HostTensor zeros(DType dtype, std::vector<int64_t> shape);
  // Memory of somebody else's (a mapped file), kept alive by `owner`. Must not be written.
  static HostTensor wrap(DType dtype, std::vector<int64_t> shape, const void* data,
                         std::shared_ptr<const void> owner);

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t numElements() const;
  size_t bytes() const { return static_cast<size_t>(dtypeBytes(dtype_, numElements())); }

  const void* raw() const { return data_.get(); }
  void* raw() { return data_.get(); }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(raw());
  }
  template <typename T>
  T* data() {
    return static_cast<T*>(raw());
  }

  // The same elements under another shape of as many elements.
  HostTensor reshaped(std::vector<int64_t> shape) const;

  // What elements of strings, sequences and optionals refer to; null for all others, and for
  // tensors that are objects themselves: those refer to objects beside them.
  const std::shared_ptr<Objects>& objects() const { return objects_; }
  HostTensor withObjects(std::shared_ptr<Objects> objects) const;

 private:
  DType dtype_ = DType::kF32;
  std::vector<int64_t> shape_;
  std::shared_ptr<void> data_;
  std::shared_ptr<Objects> objects_;
};

}  // namespace mlc
