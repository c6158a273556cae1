#include "compiler/import/onnx/tensor.h"

#include <type_traits>

namespace mlc::onnx_import {
namespace {

// Calls `function` with a value of the C++ type of an integer or bool DType; returns false for
// others.
template <typename Function>
bool withIntegerType(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kI8:
      function(int8_t{});
      return true;
    case DType::kI16:
      function(int16_t{});
      return true;
    case DType::kI32:
      function(int32_t{});
      return true;
    case DType::kI64:
      function(int64_t{});
      return true;
    case DType::kU8:
      function(uint8_t{});
      return true;
    case DType::kU16:
      function(uint16_t{});
      return true;
    case DType::kU32:
      function(uint32_t{});
      return true;
    case DType::kBool:
      function(bool{});
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<int64_t> constantCount(llvm::ArrayRef<DimExpr> shape) {
  return graph::elementCount(shape).constant();
}

std::optional<Elements> elementsOf(const HostTensor& tensor) {
  if (tensor.numElements() > kMaxElements) return std::nullopt;
  Elements elements;
  const bool known = withIntegerType(tensor.dtype(), [&](auto zero) {
    const auto* data = tensor.data<decltype(zero)>();
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      elements.emplace_back(static_cast<int64_t>(data[i]));
  });
  return known ? std::optional(std::move(elements)) : std::nullopt;
}

std::optional<HostTensor> constantOf(const Elements& elements, DType dtype,
                                     llvm::ArrayRef<DimExpr> shape) {
  std::vector<int64_t> dims;
  for (const DimExpr& dim : shape) {
    if (!dim.isConstant()) return std::nullopt;
    dims.push_back(*dim.constant());
  }
  HostTensor tensor = HostTensor::uninitialized(dtype, dims);
  bool constant = true;
  const bool known = withIntegerType(dtype, [&](auto zero) {
    auto* data = tensor.data<decltype(zero)>();
    for (size_t i = 0; i < elements.size(); ++i) {
      constant &= elements[i].isConstant();
      data[i] = static_cast<decltype(zero)>(elements[i].constant().value_or(0));
    }
  });
  return known && constant ? std::optional(std::move(tensor)) : std::nullopt;
}

TensorRef symbolicTensor(DType dtype, graph::Shape shape, Elements elements) {
  auto tensor = std::make_shared<Tensor>();
  tensor->dtype = dtype;
  tensor->constant = constantOf(elements, dtype, shape);
  tensor->shape = std::move(shape);
  tensor->elements = std::move(elements);
  return tensor;
}

TensorRef constantTensor(HostTensor constant) {
  auto tensor = std::make_shared<Tensor>();
  tensor->dtype = constant.dtype();
  for (int64_t dim : constant.shape()) tensor->shape.push_back(dim);
  tensor->elements = elementsOf(constant);
  tensor->constant = std::move(constant);
  return tensor;
}

}  // namespace mlc::onnx_import
