#include "compiler/import/onnx/tensor_reader.h"

#include <cstring>

#include "compiler/import/onnx/external_data.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/objects.h"

namespace mlc::onnx_import {
namespace {

Status tensorError(const onnx::TensorProto& tensor, const std::string& what) {
  return invalidError("tensor '" + tensor.name() + "': " + what);
}

Status countError(const onnx::TensorProto& tensor, int64_t have, int64_t need) {
  return tensorError(
      tensor, "has " + std::to_string(have) + " values, its shape needs " + std::to_string(need));
}

// Converts each value of a typed field; ONNX keeps narrow types in wider fields (f16 as its bits in
// an int32).
template <typename To, typename Field>
Status readField(const onnx::TensorProto& tensor, const Field& field, HostTensor& result) {
  const int64_t perValue = elementsPerByte(result.dtype());
  const int64_t count = (result.numElements() + perValue - 1) / perValue;
  if (field.size() != count) return countError(tensor, field.size(), count);
  To* out = result.data<To>();
  for (int i = 0; i < field.size(); ++i) out[i] = static_cast<To>(field.Get(i));
  return okStatus();
}

Status readTypedFields(const onnx::TensorProto& tensor, HostTensor& result) {
  switch (result.dtype()) {
    case DType::kF32:
      return readField<float>(tensor, tensor.float_data(), result);
    case DType::kF64:
      return readField<double>(tensor, tensor.double_data(), result);
    case DType::kI64:
      return readField<int64_t>(tensor, tensor.int64_data(), result);
    case DType::kU64:
      return readField<uint64_t>(tensor, tensor.uint64_data(), result);
    case DType::kU32:
      return readField<uint32_t>(tensor, tensor.uint64_data(), result);
    case DType::kI32:
      return readField<int32_t>(tensor, tensor.int32_data(), result);
    case DType::kI16:
      return readField<int16_t>(tensor, tensor.int32_data(), result);
    case DType::kI8:
      return readField<int8_t>(tensor, tensor.int32_data(), result);
    case DType::kU8:
    case DType::kF8E4M3FN:
    case DType::kF8E4M3FNUZ:
    case DType::kF8E5M2:
    case DType::kF8E5M2FNUZ:
    case DType::kF8E8M0:
      return readField<uint8_t>(tensor, tensor.int32_data(), result);
    // A value of the field is a byte of them.
    case DType::kI4:
    case DType::kU4:
    case DType::kI2:
    case DType::kU2:
    case DType::kF4E2M1:
      return readField<uint8_t>(tensor, tensor.int32_data(), result);
    case DType::kF16:
    case DType::kBF16:
    case DType::kU16:
      return readField<uint16_t>(tensor, tensor.int32_data(), result);
    case DType::kBool:
      return readField<bool>(tensor, tensor.int32_data(), result);
    case DType::kString:
    case DType::kSequence:
    case DType::kOptional:
      break;
  }
  return tensorError(tensor, "has an unknown type");
}

}  // namespace

std::optional<DType> dtypeFromOnnx(int dataType) {
  switch (dataType) {
    case onnx::TensorProto::FLOAT:
      return DType::kF32;
    case onnx::TensorProto::DOUBLE:
      return DType::kF64;
    case onnx::TensorProto::FLOAT16:
      return DType::kF16;
    case onnx::TensorProto::BFLOAT16:
      return DType::kBF16;
    case onnx::TensorProto::INT8:
      return DType::kI8;
    case onnx::TensorProto::INT16:
      return DType::kI16;
    case onnx::TensorProto::INT32:
      return DType::kI32;
    case onnx::TensorProto::INT64:
      return DType::kI64;
    case onnx::TensorProto::UINT8:
      return DType::kU8;
    case onnx::TensorProto::UINT16:
      return DType::kU16;
    case onnx::TensorProto::UINT32:
      return DType::kU32;
    case onnx::TensorProto::UINT64:
      return DType::kU64;
    case onnx::TensorProto::BOOL:
      return DType::kBool;
    case onnx::TensorProto::STRING:
      return DType::kString;
    case onnx::TensorProto::INT4:
      return DType::kI4;
    case onnx::TensorProto::UINT4:
      return DType::kU4;
    case onnx::TensorProto::INT2:
      return DType::kI2;
    case onnx::TensorProto::UINT2:
      return DType::kU2;
    case onnx::TensorProto::FLOAT4E2M1:
      return DType::kF4E2M1;
    case onnx::TensorProto::FLOAT8E4M3FN:
      return DType::kF8E4M3FN;
    case onnx::TensorProto::FLOAT8E4M3FNUZ:
      return DType::kF8E4M3FNUZ;
    case onnx::TensorProto::FLOAT8E5M2:
      return DType::kF8E5M2;
    case onnx::TensorProto::FLOAT8E5M2FNUZ:
      return DType::kF8E5M2FNUZ;
    case onnx::TensorProto::FLOAT8E8M0:
      return DType::kF8E8M0;
    default:
      return std::nullopt;
  }
}

std::string dataTypeName(int dataType) {
  if (!onnx::TensorProto_DataType_IsValid(dataType)) return "type " + std::to_string(dataType);
  return onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto::DataType>(dataType));
}

StatusOr<TensorHeader> readTensorHeader(const onnx::TensorProto& tensor) {
  const std::optional<DType> dtype = dtypeFromOnnx(tensor.data_type());
  if (!dtype) {
    return unsupportedError("tensor '" + tensor.name() + "' has the unsupported type " +
                            dataTypeName(tensor.data_type()));
  }
  TensorHeader header{*dtype, {}, 0};
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0) return tensorError(tensor, "has the dim " + std::to_string(dim));
    header.shape.push_back(dim);
    empty |= dim == 0;
    // An element has at most 8 bytes.
    if (dim != 0 && (__builtin_mul_overflow(count, dim, &count) || count > INT64_MAX / 8)) {
      return tensorError(tensor, "has more bytes than 64 bits can count");
    }
  }
  header.bytes = empty ? 0 : dtypeBytes(*dtype, count);
  return header;
}

namespace {

StatusOr<HostTensor> readStrings(const onnx::TensorProto& tensor, const TensorHeader& header) {
  const int64_t needed = header.bytes / dtypeBytes(header.dtype, 1);
  if (tensor.string_data_size() != needed)
    return countError(tensor, tensor.string_data_size(), needed);
  return stringTensor(header.shape, {tensor.string_data().begin(), tensor.string_data().end()});
}

}  // namespace

StatusOr<HostTensor> readTensor(const onnx::TensorProto& tensor, const std::string& modelPath) {
  MLC_ASSIGN_OR_RETURN(TensorHeader header, readTensorHeader(tensor));
  if (header.dtype == DType::kString) return readStrings(tensor, header);
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    MLC_ASSIGN_OR_RETURN(FileRange range, locateExternalData(tensor, header.bytes, modelPath));
    MLC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::open(range.file));
    HostTensor result = HostTensor::uninitialized(header.dtype, header.shape);
    std::memcpy(result.raw(), file->data() + range.offset, header.bytes);
    return result;
  }
  // The values are there: checked before memory is taken for them.
  if (tensor.has_raw_data()) {
    if (static_cast<int64_t>(tensor.raw_data().size()) != header.bytes) {
      return tensorError(tensor, "has " + std::to_string(tensor.raw_data().size()) +
                                     " bytes, its type and shape need " +
                                     std::to_string(header.bytes));
    }
    HostTensor result = HostTensor::uninitialized(header.dtype, header.shape);
    std::memcpy(result.raw(), tensor.raw_data().data(), header.bytes);
    return result;
  }
  const int64_t values = static_cast<int64_t>(tensor.float_data_size()) + tensor.int32_data_size() +
                         tensor.int64_data_size() + tensor.double_data_size() +
                         tensor.uint64_data_size();
  const int64_t needed = header.bytes / dtypeBytes(header.dtype, 1);
  if (values != needed) return countError(tensor, values, needed);
  HostTensor result = HostTensor::uninitialized(header.dtype, header.shape);
  MLC_RETURN_IF_ERROR(readTypedFields(tensor, result));
  return result;
}

}  // namespace mlc::onnx_import
