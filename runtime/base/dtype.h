// Element types of tensors, as ONNX and the package name them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mlc {

enum class DType : uint8_t {
  kF32,
  kF64,
  kF16,
  kBF16,
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kU16,
  kU32,
  kU64,
  kBool,  // one byte, 0 or 1
};

inline constexpr int kDTypeCount = 13;

// Bytes of one element.
constexpr size_t dtypeBytes(DType type) {
  constexpr uint8_t kBytes[kDTypeCount] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 8, 1};
  return kBytes[static_cast<int>(type)];
}

// "f32", "bf16", "i64", "u8", "bool", ...: the spelling of the command line and of the manifest.
constexpr std::string_view dtypeName(DType type) {
  constexpr std::string_view kNames[kDTypeCount] = {
      "f32", "f64", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool"};
  return kNames[static_cast<int>(type)];
}

// The type of that name; false if there is none.
constexpr bool parseDType(std::string_view name, DType& type) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (dtypeName(static_cast<DType>(i)) == name) {
      type = static_cast<DType>(i);
      return true;
    }
  }
  return false;
}

}  // namespace mlc
