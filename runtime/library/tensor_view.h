// Typed access to the tensors of a library call. Private to the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "runtime/abi/abi.h"
#include "runtime/base/dtype.h"
#include "runtime/base/float16.h"
#include "runtime/base/status.h"

namespace mlc::library {

inline int64_t elementsOf(const MlcTensor& tensor) {
  int64_t count = 1;
  for (int32_t i = 0; i < tensor.rank; ++i) count *= tensor.dims[i];
  return count;
}

// A tensor around one axis: outer x length x inner.
struct AxisView {
  int64_t outer = 1, length = 1, inner = 1;
  AxisView(const MlcTensor& tensor, int64_t axis) {
    for (int32_t i = 0; i < tensor.rank; ++i) {
      (i < axis ? outer : i == axis ? length : inner) *= tensor.dims[i];
    }
  }
};

template <typename T>
T* dataOf(const MlcTensor& tensor) {
  return static_cast<T*>(tensor.data);
}

// The value that elements are compared by.
template <typename T>
auto keyOf(T element) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    return static_cast<float>(element);
  } else {
    return element;
  }
}

// A total order: NaN is the largest and equal to itself.
template <typename T>
bool isLess(T a, T b) {
  const auto x = keyOf(a), y = keyOf(b);
  if constexpr (std::is_floating_point_v<decltype(x)>) {
    if (std::isnan(x)) return false;
    if (std::isnan(y)) return true;
  }
  return x < y;
}

// function(T{}) for the C++ type of the elements.
template <typename Function>
Status withElementType(MlcDType type, Function function) {
  switch (static_cast<DType>(type)) {
    case DType::kF32:
      return function(float{});
    case DType::kF64:
      return function(double{});
    case DType::kF16:
      return function(Float16{});
    case DType::kBF16:
      return function(BFloat16{});
    case DType::kI8:
      return function(int8_t{});
    case DType::kI16:
      return function(int16_t{});
    case DType::kI32:
      return function(int32_t{});
    case DType::kI64:
      return function(int64_t{});
    case DType::kU8:
      return function(uint8_t{});
    case DType::kU16:
      return function(uint16_t{});
    case DType::kU32:
      return function(uint32_t{});
    case DType::kU64:
      return function(uint64_t{});
    case DType::kBool:
      return function(bool{});
    default:
      return unsupportedError("a library function does not take elements of type " +
                              std::to_string(type));
  }
}

}  // namespace mlc::library
