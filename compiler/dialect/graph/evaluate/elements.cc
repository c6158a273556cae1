#include "compiler/dialect/graph/evaluate/elements.h"

#include <cstring>

#include "compiler/dialect/graph/shape.h"
#include "runtime/base/float16.h"

namespace mlc::graph {

bool isFloat(DType type) {
  return type == DType::kF32 || type == DType::kF64 || type == DType::kF16 || type == DType::kBF16;
}

bool isUnsigned(DType type) {
  return type == DType::kU8 || type == DType::kU16 || type == DType::kU32 || type == DType::kU64 ||
         type == DType::kBool;
}

double loadFloat(const HostTensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return tensor.data<float>()[i];
    case DType::kF64:
      return tensor.data<double>()[i];
    case DType::kF16:
      return static_cast<float>(tensor.data<Float16>()[i]);
    default:
      return static_cast<float>(tensor.data<BFloat16>()[i]);
  }
}

int64_t loadInteger(const HostTensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kI8:
      return tensor.data<int8_t>()[i];
    case DType::kI16:
      return tensor.data<int16_t>()[i];
    case DType::kI32:
      return tensor.data<int32_t>()[i];
    case DType::kU8:
      return tensor.data<uint8_t>()[i];
    case DType::kBool:
      return tensor.data<uint8_t>()[i] != 0;
    case DType::kU16:
      return tensor.data<uint16_t>()[i];
    case DType::kU32:
      return tensor.data<uint32_t>()[i];
    default:
      return tensor.data<int64_t>()[i];
  }
}

double loadNumber(const HostTensor& tensor, int64_t i) {
  if (isFloat(tensor.dtype())) return loadFloat(tensor, i);
  if (tensor.dtype() == DType::kU64) return static_cast<double>(tensor.data<uint64_t>()[i]);
  return static_cast<double>(loadInteger(tensor, i));
}

void storeFloat(HostTensor& tensor, int64_t i, double value) {
  switch (tensor.dtype()) {
    case DType::kF32:
      tensor.data<float>()[i] = static_cast<float>(value);
      break;
    case DType::kF64:
      tensor.data<double>()[i] = value;
      break;
    case DType::kF16:
      tensor.data<Float16>()[i] = Float16(static_cast<float>(value));
      break;
    default:
      tensor.data<BFloat16>()[i] = BFloat16(static_cast<float>(value));
  }
}

void storeInteger(HostTensor& tensor, int64_t i, int64_t value) {
  switch (tensor.dtype()) {
    case DType::kI8:
    case DType::kU8:
      tensor.data<uint8_t>()[i] = static_cast<uint8_t>(value);
      break;
    case DType::kBool:
      tensor.data<uint8_t>()[i] = value != 0;
      break;
    case DType::kI16:
    case DType::kU16:
      tensor.data<uint16_t>()[i] = static_cast<uint16_t>(value);
      break;
    case DType::kI32:
    case DType::kU32:
      tensor.data<uint32_t>()[i] = static_cast<uint32_t>(value);
      break;
    default:
      tensor.data<int64_t>()[i] = value;
  }
}

void copyElement(HostTensor& to, int64_t i, const HostTensor& from, int64_t j) {
  const size_t bytes = dtypeBytes(to.dtype());
  std::memcpy(to.data<char>() + i * bytes, from.data<char>() + j * bytes, bytes);
}

Index stridesOf(llvm::ArrayRef<int64_t> shape) {
  Index strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

int64_t offsetOf(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> strides) {
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
  return offset;
}

int64_t broadcastOffset(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape) {
  index = index.take_back(shape.size());
  int64_t offset = 0;
  for (size_t d = 0; d < shape.size(); ++d) {
    offset = offset * shape[d] + (shape[d] == 1 ? 0 : index[d]);
  }
  return offset;
}

DType resultType(mlir::Value value) { return dtypeOf(value.getType()); }

}  // namespace mlc::graph
