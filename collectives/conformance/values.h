// Values that ranks contribute, and what a reduction of them must be, an element at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "collectives/algorithm/hosts.h"
#include "collectives/communicator.h"
#include "runtime/base/float16.h"

namespace mlc::collectives {

struct Bool {
  uint8_t byte = 0;
};

template <typename T>
inline constexpr bool kIsHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

// Calls visit(T(), dtype) for each type.
template <typename Visit>
void forEachDType(Visit visit) {
  visit(float(), DType::kF32);
  visit(double(), DType::kF64);
  visit(Float16(), DType::kF16);
  visit(BFloat16(), DType::kBF16);
  visit(int8_t(), DType::kI8);
  visit(int16_t(), DType::kI16);
  visit(int32_t(), DType::kI32);
  visit(int64_t(), DType::kI64);
  visit(uint8_t(), DType::kU8);
  visit(uint16_t(), DType::kU16);
  visit(uint32_t(), DType::kU32);
  visit(uint64_t(), DType::kU64);
  visit(Bool(), DType::kBool);
}

inline constexpr Reduction kReductions[] = {Reduction::kSum, Reduction::kMin, Reduction::kMax,
                                            Reduction::kProd};

// SplitMix64 of (rank, i).
inline uint64_t randomBits(int rank, int64_t i) {
  uint64_t z = (static_cast<uint64_t>(rank) << 40) + static_cast<uint64_t>(i) + 1;
  z *= 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Of all integers, of fractions from -2 to 2 whose sums are rounded, and of both bools.
template <typename T>
T valueOf(int rank, int64_t i) {
  const uint64_t bits = randomBits(rank, i);
  if constexpr (std::is_same_v<T, Bool>) {
    return {static_cast<uint8_t>(bits % 3 == 0)};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(bits);
  } else {
    const double fraction = static_cast<double>(bits >> 11) / (1ull << 53) * 4 - 2;
    if constexpr (kIsHalf<T>) return T(static_cast<float>(fraction));
    return static_cast<T>(fraction);
  }
}

template <typename T>
std::vector<T> valuesOf(int rank, int64_t count) {
  std::vector<T> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = valueOf<T>(rank, i);
  return values;
}

// Two numbers as the interface says, where they are kept in type C.
template <typename C>
C combine(C x, C y, Reduction reduction) {
  // Integers wrap around: their low bits do not depend on the high ones.
  using Wide = std::conditional_t<std::is_integral_v<C>, unsigned __int128, C>;
  switch (reduction) {
    case Reduction::kSum:
      return static_cast<C>(static_cast<Wide>(x) + static_cast<Wide>(y));
    case Reduction::kProd:
      return static_cast<C>(static_cast<Wide>(x) * static_cast<Wide>(y));
    case Reduction::kMin:
      return std::min(x, y);
    case Reduction::kMax:
      return std::max(x, y);
  }
  return x;
}

// The numbers, in that order.
template <typename T>
T reduced(const std::vector<T>& values, Reduction reduction) {
  if constexpr (std::is_same_v<T, Bool>) {
    bool all = true, any = false;
    for (const Bool value : values) {
      all = all && value.byte != 0;
      any = any || value.byte != 0;
    }
    const bool isOr = reduction == Reduction::kSum || reduction == Reduction::kMax;
    return {static_cast<uint8_t>(isOr ? any : all)};
  } else {
    using Kept = std::conditional_t<kIsHalf<T>, float, T>;
    auto kept = static_cast<Kept>(values[0]);
    for (size_t i = 1; i < values.size(); ++i)
      kept = combine(kept, static_cast<Kept>(values[i]), reduction);
    return static_cast<T>(kept);
  }
}

// Element i of the reduction over the world's ranks: those of each host, then the hosts.
template <typename T>
class ReducedValues {
 public:
  explicit ReducedValues(const Communicator& world) : hosts_(hostNames(world)) {}

  T operator()(int64_t i, Reduction reduction) const {
    std::vector<T> ofHosts;
    for (int host = 0; host < hosts_.count(); ++host) {
      std::vector<T> ofRanks;
      for (const int rank : hosts_.ranksOf(host)) ofRanks.push_back(valueOf<T>(rank, i));
      ofHosts.push_back(reduced(ofRanks, reduction));
    }
    return reduced(ofHosts, reduction);
  }

 private:
  static std::vector<std::string> hostNames(const Communicator& world) {
    std::vector<std::string> names;
    for (int rank = 0; rank < world.size(); ++rank) names.push_back(world.hostOf(rank));
    return names;
  }

  Hosts hosts_;
};

// The first place where they differ in any bit, or -1.
template <typename T>
int64_t firstDifference(const std::vector<T>& values, const std::vector<T>& expected) {
  if (values.size() != expected.size()) return 0;
  if (values.empty() || std::memcmp(values.data(), expected.data(), values.size() * sizeof(T)) == 0)
    return -1;
  size_t i = 0;
  while (std::memcmp(&values[i], &expected[i], sizeof(T)) == 0) ++i;
  return static_cast<int64_t>(i);
}

}  // namespace mlc::collectives
