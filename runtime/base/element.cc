#include "runtime/base/element.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "runtime/base/float16.h"

namespace mlc {
namespace {

[[noreturn]] void otherKind() {
  assert(false && "a float asked for as an integer, or the reverse");
  __builtin_unreachable();
}

// The f32 next to the value whose last bit is odd, unless one is the value: rounding it once more,
// to 16 bits, gives what rounding the value itself gives.
float roundedToOdd(double value) {
  const auto nearest = static_cast<float>(value);
  if (std::isnan(value) || static_cast<double>(nearest) == value) return nearest;
  auto bits = std::bit_cast<uint32_t>(nearest);
  if (std::abs(static_cast<double>(nearest)) > std::abs(value)) --bits;
  return std::bit_cast<float>(bits | 1);
}

int64_t signExtended(uint8_t bits, int width) {
  return static_cast<int8_t>(bits << (8 - width)) >> (8 - width);
}

uint8_t packed(const HostTensor& tensor, int64_t i) {
  return loadPacked(tensor.raw(), dtypeBits(tensor.dtype()), i);
}

}  // namespace

uint8_t loadPacked(const void* data, int bits, int64_t i) {
  const int perByte = 8 / bits;
  const int shift = static_cast<int>(i % perByte) * bits;
  return static_cast<uint8_t>(static_cast<const uint8_t*>(data)[i / perByte] >> shift &
                              ((1 << bits) - 1));
}

void storePacked(void* data, int bits, int64_t i, uint8_t value) {
  const int perByte = 8 / bits;
  const int shift = static_cast<int>(i % perByte) * bits, mask = ((1 << bits) - 1) << shift;
  uint8_t& byte = static_cast<uint8_t*>(data)[i / perByte];
  byte = static_cast<uint8_t>((byte & ~mask) | (value << shift & mask));
}

double loadFloat(const HostTensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return tensor.data<float>()[i];
    case DType::kF64:
      return tensor.data<double>()[i];
    case DType::kF16:
      return static_cast<float>(tensor.data<Float16>()[i]);
    case DType::kBF16:
      return static_cast<float>(tensor.data<BFloat16>()[i]);
    case DType::kF4E2M1:
    case DType::kF8E4M3FN:
    case DType::kF8E4M3FNUZ:
    case DType::kF8E5M2:
    case DType::kF8E5M2FNUZ:
    case DType::kF8E8M0:
      return decodeSmallFloat(tensor.dtype(), packed(tensor, i));
    case DType::kI8:
    case DType::kI16:
    case DType::kI32:
    case DType::kI64:
    case DType::kU8:
    case DType::kU16:
    case DType::kU32:
    case DType::kU64:
    case DType::kBool:
    case DType::kI4:
    case DType::kU4:
    case DType::kI2:
    case DType::kU2:
    case DType::kString:
    case DType::kSequence:
    case DType::kOptional:
      break;
  }
  otherKind();
}

int64_t loadInteger(const HostTensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kI8:
      return tensor.data<int8_t>()[i];
    case DType::kI16:
      return tensor.data<int16_t>()[i];
    case DType::kI32:
      return tensor.data<int32_t>()[i];
    case DType::kI64:
    case DType::kU64:
    case DType::kString:
    case DType::kSequence:
    case DType::kOptional:
      return tensor.data<int64_t>()[i];
    case DType::kU8:
      return tensor.data<uint8_t>()[i];
    case DType::kU16:
      return tensor.data<uint16_t>()[i];
    case DType::kU32:
      return tensor.data<uint32_t>()[i];
    case DType::kBool:
      return tensor.data<uint8_t>()[i] != 0;
    case DType::kI4:
    case DType::kI2:
      return signExtended(packed(tensor, i), dtypeBits(tensor.dtype()));
    case DType::kU4:
    case DType::kU2:
      return packed(tensor, i);
    case DType::kF32:
    case DType::kF64:
    case DType::kF16:
    case DType::kBF16:
    case DType::kF4E2M1:
    case DType::kF8E4M3FN:
    case DType::kF8E4M3FNUZ:
    case DType::kF8E5M2:
    case DType::kF8E5M2FNUZ:
    case DType::kF8E8M0:
      break;
  }
  otherKind();
}

double loadNumber(const HostTensor& tensor, int64_t i) {
  if (isFloat(tensor.dtype())) return loadFloat(tensor, i);
  if (tensor.dtype() == DType::kU64) return static_cast<double>(tensor.data<uint64_t>()[i]);
  return static_cast<double>(loadInteger(tensor, i));
}

void storeFloat(HostTensor& tensor, int64_t i, double value, Conversion conversion) {
  switch (tensor.dtype()) {
    case DType::kF32:
      tensor.data<float>()[i] = static_cast<float>(value);
      return;
    case DType::kF64:
      tensor.data<double>()[i] = value;
      return;
    case DType::kF16:
      tensor.data<Float16>()[i] = Float16(roundedToOdd(value));
      return;
    case DType::kBF16:
      tensor.data<BFloat16>()[i] = BFloat16(roundedToOdd(value));
      return;
    case DType::kF4E2M1:
    case DType::kF8E4M3FN:
    case DType::kF8E4M3FNUZ:
    case DType::kF8E5M2:
    case DType::kF8E5M2FNUZ:
    case DType::kF8E8M0:
      storePacked(tensor.raw(), dtypeBits(tensor.dtype()), i,
                  encodeSmallFloat(tensor.dtype(), value, conversion));
      return;
    case DType::kI8:
    case DType::kI16:
    case DType::kI32:
    case DType::kI64:
    case DType::kU8:
    case DType::kU16:
    case DType::kU32:
    case DType::kU64:
    case DType::kBool:
    case DType::kI4:
    case DType::kU4:
    case DType::kI2:
    case DType::kU2:
    case DType::kString:
    case DType::kSequence:
    case DType::kOptional:
      break;
  }
  otherKind();
}

void storeInteger(HostTensor& tensor, int64_t i, int64_t value) {
  switch (tensor.dtype()) {
    case DType::kI8:
    case DType::kU8:
      tensor.data<uint8_t>()[i] = static_cast<uint8_t>(value);
      return;
    case DType::kBool:
      tensor.data<uint8_t>()[i] = value != 0;
      return;
    case DType::kI16:
    case DType::kU16:
      tensor.data<uint16_t>()[i] = static_cast<uint16_t>(value);
      return;
    case DType::kI32:
    case DType::kU32:
      tensor.data<uint32_t>()[i] = static_cast<uint32_t>(value);
      return;
    case DType::kI64:
    case DType::kU64:
    case DType::kString:
    case DType::kSequence:
    case DType::kOptional:
      tensor.data<int64_t>()[i] = value;
      return;
    case DType::kI4:
    case DType::kU4:
    case DType::kI2:
    case DType::kU2:
      storePacked(tensor.raw(), dtypeBits(tensor.dtype()), i, static_cast<uint8_t>(value));
      return;
    case DType::kF32:
    case DType::kF64:
    case DType::kF16:
    case DType::kBF16:
    case DType::kF4E2M1:
    case DType::kF8E4M3FN:
    case DType::kF8E4M3FNUZ:
    case DType::kF8E5M2:
    case DType::kF8E5M2FNUZ:
    case DType::kF8E8M0:
      break;
  }
  otherKind();
}

void storeNumber(HostTensor& tensor, int64_t i, double value) {
  if (isFloat(tensor.dtype())) {
    storeFloat(tensor, i, value);
  } else {
    storeInteger(tensor, i,
                 tensor.dtype() == DType::kU64 && value >= 0x1p63
                     ? static_cast<int64_t>(static_cast<uint64_t>(value))
                     : static_cast<int64_t>(value));
  }
}

bool sameElement(const HostTensor& a, int64_t i, const HostTensor& b, int64_t j) {
  if (isPacked(a.dtype())) return packed(a, i) == packed(b, j);
  const size_t bytes = elementBytes(a.dtype());
  return std::memcmp(a.data<char>() + static_cast<size_t>(i) * bytes,
                     b.data<char>() + static_cast<size_t>(j) * bytes, bytes) == 0;
}

HostTensor filledTensor(DType dtype, std::vector<int64_t> shape, const HostTensor& one) {
  HostTensor tensor = HostTensor::uninitialized(dtype, std::move(shape));
  const int64_t perByte = elementsPerByte(dtype);
  const int64_t count = (tensor.numElements() + perByte - 1) / perByte * perByte;
  for (int64_t i = 0; i < count; ++i) copyElement(tensor, i, one, 0);
  return tensor;
}

void copyElement(HostTensor& to, int64_t i, const HostTensor& from, int64_t j) {
  if (isPacked(to.dtype())) {
    storePacked(to.raw(), dtypeBits(to.dtype()), i, packed(from, j));
    return;
  }
  const size_t bytes = elementBytes(to.dtype());
  std::memcpy(to.data<char>() + static_cast<size_t>(i) * bytes,
              from.data<char>() + static_cast<size_t>(j) * bytes, bytes);
}

}  // namespace mlc
