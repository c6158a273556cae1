#include "collectives/algorithm/reduce.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <type_traits>

#include "runtime/base/float16.h"

namespace mlc::collectives {
namespace {

// What stands for a bool: a byte, true where not 0.
struct Bool {
  uint8_t byte = 0;
  Bool() = default;
  explicit Bool(uint8_t value) : byte(value != 0) {}
  explicit operator uint8_t() const { return byte != 0; }
};

// The type that elements are combined in. Sums and products of integers are made in unsigned types
// of at least 32 bits, where overflow is defined.
template <typename T>
using Combined = std::conditional_t<std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>,
                                    float, std::conditional_t<std::is_same_v<T, Bool>, uint8_t, T>>;
template <typename C>
using Wrapping = std::conditional_t<std::is_floating_point_v<C>, C,
                                    std::conditional_t<(sizeof(C) > 4), uint64_t, uint32_t>>;

struct Sum {
  template <typename C>
  static C combine(C x, C y) {
    return static_cast<C>(static_cast<Wrapping<C>>(x) + static_cast<Wrapping<C>>(y));
  }
};
struct Prod {
  template <typename C>
  static C combine(C x, C y) {
    return static_cast<C>(static_cast<Wrapping<C>>(x) * static_cast<Wrapping<C>>(y));
  }
};
// y != y: a NaN of either side stays.
struct Min {
  template <typename C>
  static C combine(C x, C y) {
    return ((y < x) | (y != y)) ? y : x;
  }
};
struct Max {
  template <typename C>
  static C combine(C x, C y) {
    return ((x < y) | (y != y)) ? y : x;
  }
};

// Block by block, so that the accumulator stays in the first-level cache.
template <typename T, typename Operation>
void reduceTyped(std::span<const void* const> parts, std::span<void* const> outs, int64_t count) {
  using C = Combined<T>;
  constexpr int64_t kBlock = 1024;
  alignas(64) C sum[kBlock];
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t n = std::min(kBlock, count - begin);
    const auto partOf = [&](size_t i) { return static_cast<const T*>(parts[i]) + begin; };
    const T* first = partOf(0);
    if (parts.size() == 1) {
      for (int64_t i = 0; i < n; ++i) sum[i] = static_cast<C>(first[i]);
    } else {
      const T* second = partOf(1);
      for (int64_t i = 0; i < n; ++i) {
        sum[i] = Operation::combine(static_cast<C>(first[i]), static_cast<C>(second[i]));
      }
    }
    for (size_t part = 2; part < parts.size(); ++part) {
      const T* next = partOf(part);
      for (int64_t i = 0; i < n; ++i) {
        sum[i] = Operation::combine(sum[i], static_cast<C>(next[i]));
      }
    }
    for (void* out : outs) {
      T* to = static_cast<T*>(out) + begin;
      for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(sum[i]);
    }
  }
}

using Kernel = void (*)(std::span<const void* const>, std::span<void* const>, int64_t);
using KernelsOfType = std::array<Kernel, 4>;  // by Reduction

template <typename T>
constexpr KernelsOfType kernels() {
  return {reduceTyped<T, Sum>, reduceTyped<T, Min>, reduceTyped<T, Max>, reduceTyped<T, Prod>};
}

// By DType; null for those that are only stored (4 and 8-bit floats, integers of less than a byte)
// and for references.
constexpr std::array<KernelsOfType, kDTypeCount> kKernels = {
    kernels<float>(), kernels<double>(), kernels<Float16>(), kernels<BFloat16>(), kernels<int8_t>(),
    kernels<int16_t>(), kernels<int32_t>(), kernels<int64_t>(), kernels<uint8_t>(),
    kernels<uint16_t>(), kernels<uint32_t>(), kernels<uint64_t>(),
    // For bool the largest is or, the smallest is and.
    KernelsOfType{reduceTyped<Bool, Max>, reduceTyped<Bool, Min>, reduceTyped<Bool, Max>,
                  reduceTyped<Bool, Min>}};

}  // namespace

void reduceParts(std::span<const void* const> parts, void* out, int64_t count, DType dtype,
                 Reduction reduction) {
  reduceToAll(parts, {&out, 1}, count, dtype, reduction);
}

void reduceToAll(std::span<const void* const> parts, std::span<void* const> outs, int64_t count,
                 DType dtype, Reduction reduction) {
  const Kernel kernel = kKernels[static_cast<size_t>(dtype)][static_cast<size_t>(reduction)];
  assert(kernel && "the compiler sums no type of storage");
  kernel(parts, outs, count);
}

}  // namespace mlc::collectives
