#include "collectives/algorithm/reduce.h"

#include <algorithm>

#include "runtime/base/float16.h"

namespace mlc::collectives {
namespace {

template <typename T>
struct Widened {
  using Type = T;
};
template <>
struct Widened<Float16> {
  using Type = float;
};
template <>
struct Widened<BFloat16> {
  using Type = float;
};

template <typename T, typename Combine>
void combine(void* accumulator, const void* addend, int64_t count, Combine f) {
  using W = typename Widened<T>::Type;
  T* __restrict a = static_cast<T*>(accumulator);
  const T* __restrict b = static_cast<const T*>(addend);
  for (int64_t i = 0; i < count; ++i) {
    a[i] = static_cast<T>(f(static_cast<W>(a[i]), static_cast<W>(b[i])));
  }
}

template <typename T>
void reduceTyped(void* a, const void* b, int64_t count, Reduction reduction) {
  using W = typename Widened<T>::Type;
  switch (reduction) {
    case Reduction::kSum:
      return combine<T>(a, b, count, [](W x, W y) { return static_cast<W>(x + y); });
    case Reduction::kMin:
      return combine<T>(a, b, count, [](W x, W y) { return y < x ? y : x; });
    case Reduction::kMax:
      return combine<T>(a, b, count, [](W x, W y) { return x < y ? y : x; });
    case Reduction::kProd:
      return combine<T>(a, b, count, [](W x, W y) { return static_cast<W>(x * y); });
  }
}

void reduceBool(void* accumulator, const void* addend, int64_t count, Reduction reduction) {
  auto* a = static_cast<uint8_t*>(accumulator);
  auto* b = static_cast<const uint8_t*>(addend);
  const bool any = reduction == Reduction::kSum || reduction == Reduction::kMax;
  for (int64_t i = 0; i < count; ++i) a[i] = any ? (a[i] | b[i]) != 0 : (a[i] != 0 && b[i] != 0);
}

}  // namespace

void reduceInto(void* a, const void* b, int64_t count, DType dtype, Reduction reduction) {
  switch (dtype) {
    case DType::kF32:
      return reduceTyped<float>(a, b, count, reduction);
    case DType::kF64:
      return reduceTyped<double>(a, b, count, reduction);
    case DType::kF16:
      return reduceTyped<Float16>(a, b, count, reduction);
    case DType::kBF16:
      return reduceTyped<BFloat16>(a, b, count, reduction);
    case DType::kI8:
      return reduceTyped<int8_t>(a, b, count, reduction);
    case DType::kI16:
      return reduceTyped<int16_t>(a, b, count, reduction);
    case DType::kI32:
      return reduceTyped<int32_t>(a, b, count, reduction);
    case DType::kI64:
      return reduceTyped<int64_t>(a, b, count, reduction);
    case DType::kU8:
      return reduceTyped<uint8_t>(a, b, count, reduction);
    case DType::kU16:
      return reduceTyped<uint16_t>(a, b, count, reduction);
    case DType::kU32:
      return reduceTyped<uint32_t>(a, b, count, reduction);
    case DType::kU64:
      return reduceTyped<uint64_t>(a, b, count, reduction);
    case DType::kBool:
      return reduceBool(a, b, count, reduction);
  }
}

}  // namespace mlc::collectives
