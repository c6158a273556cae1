#include "compiler/import/onnx/tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "runtime/base/element.h"

namespace mlc::onnx_import {
namespace {

// Types of whole bytes whose values an expression can be.
bool isSymbolic(DType dtype) { return !isFloat(dtype) && !isPacked(dtype) && dtype != DType::kU64; }

}  // namespace

std::optional<int64_t> constantCount(llvm::ArrayRef<DimExpr> shape) {
  const bool allConstant = llvm::all_of(shape, [](const DimExpr& dim) { return dim.isConstant(); });
  return allConstant ? graph::elementCount(shape).constant() : std::nullopt;
}

std::optional<Elements> elementsOf(const HostTensor& tensor) {
  if (tensor.numElements() > kMaxElements || !isSymbolic(tensor.dtype())) return std::nullopt;
  Elements elements;
  for (int64_t i = 0; i < tensor.numElements(); ++i) elements.emplace_back(loadInteger(tensor, i));
  return elements;
}

std::optional<HostTensor> constantOf(const Elements& elements, DType dtype,
                                     llvm::ArrayRef<DimExpr> shape) {
  std::vector<int64_t> dims;
  for (const DimExpr& dim : shape) {
    if (!dim.isConstant()) return std::nullopt;
    dims.push_back(*dim.constant());
  }
  if (!isSymbolic(dtype)) return std::nullopt;
  HostTensor tensor = HostTensor::uninitialized(dtype, dims);
  for (size_t i = 0; i < elements.size(); ++i) {
    const std::optional<int64_t> value = elements[i].constant();
    if (!value) return std::nullopt;
    storeInteger(tensor, static_cast<int64_t>(i), *value);
  }
  return tensor;
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
