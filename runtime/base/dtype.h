// Element types of tensors, as ONNX and the package name them.
#pragma once

#include <cassert>
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
  kI4,    // packed: two to a byte, the first in the low half
  kU4,
  kI2,  // packed: four to a byte, the first in the lowest bits
  kU2,
  kF4E2M1,  // packed as the other 4-bit types
  kF8E4M3FN,
  kF8E4M3FNUZ,
  kF8E5M2,
  kF8E5M2FNUZ,
  kF8E8M0,  // a power of two, no sign: scales of blocks
  // References to objects (objects.h).
  kString,
  kSequence,  // of tensors
  kOptional,  // a tensor or nothing
};

inline constexpr int kDTypeCount = 26;

// Bits of one element in memory.
constexpr int dtypeBits(DType type) {
  constexpr uint8_t kBits[kDTypeCount] = {32, 64, 16, 16, 8, 16, 32, 64, 8, 16, 32, 64, 8,
                                          4,  4,  2,  2,  4, 8,  8,  8,  8, 8,  64, 64, 64};
  return kBits[static_cast<int>(type)];
}

// Whether several elements share a byte.
constexpr bool isPacked(DType type) { return dtypeBits(type) < 8; }

// Elements in the smallest run of whole bytes.
constexpr int64_t elementsPerByte(DType type) { return isPacked(type) ? 8 / dtypeBits(type) : 1; }

// Bytes of `count` elements that lie side by side; the last byte of packed ones may be filled in
// part. In 64 bits for every count of up to 2^57 elements.
constexpr int64_t dtypeBytes(DType type, int64_t count) {
  return isPacked(type) ? (count + elementsPerByte(type) - 1) / elementsPerByte(type)
                        : count * (dtypeBits(type) / 8);
}

// Bytes of one element, of a type that is not packed.
constexpr size_t elementBytes(DType type) {
  assert(!isPacked(type));
  return static_cast<size_t>(dtypeBits(type) / 8);
}

// Whether values are fractions: f32, ..., the 4- and 8-bit floats too.
constexpr bool isFloat(DType type) {
  return type <= DType::kBF16 || (type >= DType::kF4E2M1 && type <= DType::kF8E8M0);
}

// The 4- and 8-bit floats: types of storage, which nothing computes in.
constexpr bool isSmallFloat(DType type) { return isFloat(type) && type > DType::kBF16; }

// Whether elements are no numbers but refer to objects.
constexpr bool isReference(DType type) { return type >= DType::kString; }

// Whether a type has no negative values. A bool is 0 or 1.
constexpr bool isUnsigned(DType type) {
  return (type >= DType::kU8 && type <= DType::kBool) || type == DType::kU4 || type == DType::kU2 ||
         type == DType::kF8E8M0;
}

// "f32", "bf16", "i64", "u8", "bool", ...: the spelling of the command line and of the manifest.
constexpr std::string_view dtypeName(DType type) {
  constexpr std::string_view kNames[kDTypeCount] = {
      "f32",        "f64",    "f16",    "bf16",     "i8",       "i16",        "i32",
      "i64",        "u8",     "u16",    "u32",      "u64",      "bool",       "i4",
      "u4",         "i2",     "u2",     "f4e2m1",   "f8e4m3fn", "f8e4m3fnuz", "f8e5m2",
      "f8e5m2fnuz", "f8e8m0", "string", "sequence", "optional"};
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
