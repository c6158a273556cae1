#include "runtime/base/host_tensor.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace mlc {
namespace {

constexpr size_t kAlignment = 64;

std::shared_ptr<void> allocate(size_t bytes) {
  // One line more than asked for, so that an empty tensor has an address too.
  const size_t rounded = (bytes / kAlignment + 1) * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, rounded);
  if (!memory) throw std::bad_alloc();
  return {memory, std::free};
}

}  // namespace

HostTensor HostTensor::uninitialized(DType dtype, std::vector<int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    // Bytes and strides are counted in 64 bits.
    if (__builtin_mul_overflow(count, std::max<int64_t>(dim, 1), &count) || count > INT64_MAX / 8)
      throw std::bad_alloc();
  }
  HostTensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.data_ = allocate(tensor.bytes());
  // The bits behind the last element are 0, so that equal tensors have equal bytes.
  if (isPacked(dtype) && tensor.bytes() > 0) tensor.data<char>()[tensor.bytes() - 1] = 0;
  return tensor;
}

HostTensor HostTensor::zeros(DType dtype, std::vector<int64_t> shape) {
  HostTensor tensor = uninitialized(dtype, std::move(shape));
  std::memset(tensor.raw(), 0, tensor.bytes());
  return tensor;
}

HostTensor HostTensor::wrap(DType dtype, std::vector<int64_t> shape, const void* data,
                            std::shared_ptr<const void> owner) {
  HostTensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.data_ = std::shared_ptr<void>(std::const_pointer_cast<void>(std::move(owner)),
                                       const_cast<void*>(data));
  return tensor;
}

HostTensor HostTensor::withObjects(std::shared_ptr<Objects> objects) const {
  HostTensor tensor = *this;
  tensor.objects_ = std::move(objects);
  return tensor;
}

int64_t HostTensor::numElements() const {
  int64_t count = 1;
  for (int64_t dim : shape_) count *= dim;
  return count;
}

HostTensor HostTensor::reshaped(std::vector<int64_t> shape) const {
  HostTensor tensor = *this;
  tensor.shape_ = std::move(shape);
  assert(tensor.numElements() == numElements());
  return tensor;
}

}  // namespace mlc
