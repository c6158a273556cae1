#include "compiler/import/onnx/tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "runtime/base/element.h"

namespace mlc::onnx_import {
namespace {

// Types of whole bytes whose values an expression can be.
bool isSymbolic(DType dtype) {
  return !isFloat(dtype) && !isPacked(dtype) && !isReference(dtype) && dtype != DType::kU64;
}

TensorRef knownItems(DType dtype, Held held, std::vector<TensorRef> items) {
  auto tensor = std::make_shared<Tensor>();
  tensor->dtype = dtype;
  tensor->held = std::move(held);
  tensor->items = std::move(items);
  return tensor;
}

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

Held joined(const Held& a, const Held& b) {
  if (a.isEmpty) return b;
  if (b.isEmpty) return a;
  Held both = a;
  if (!a.dims || !b.dims || a.dims->size() != b.dims->size()) {
    both.dims.reset();
    return both;
  }
  for (size_t i = 0; i < a.dims->size(); ++i) {
    std::optional<DimExpr>& dim = (*both.dims)[i];
    if (dim && !((*b.dims)[i] && *dim == *(*b.dims)[i])) dim.reset();
  }
  return both;
}

bool operator==(const Held& a, const Held& b) {
  if (a.dtype != b.dtype || a.isSequence != b.isSequence || a.isEmpty != b.isEmpty ||
      a.dims.has_value() != b.dims.has_value()) {
    return false;
  }
  if (!a.dims) return true;
  return std::equal(a.dims->begin(), a.dims->end(), b.dims->begin(), b.dims->end(),
                    [](const std::optional<DimExpr>& x, const std::optional<DimExpr>& y) {
                      return x.has_value() == y.has_value() && (!x || *x == *y);
                    });
}

Held heldOf(DType dtype, llvm::ArrayRef<DimExpr> shape) {
  Held held;
  held.dtype = dtype;
  held.dims.emplace();
  for (const DimExpr& dim : shape)
    held.dims->push_back(dim.isConstant() ? std::optional(dim) : std::nullopt);
  return held;
}

TensorRef knownSequence(Held held, std::vector<TensorRef> items) {
  return knownItems(DType::kSequence, std::move(held), std::move(items));
}

TensorRef knownOptional(Held held, TensorRef value) {
  std::vector<TensorRef> items;
  if (value) items.push_back(std::move(value));
  return knownItems(DType::kOptional, std::move(held), std::move(items));
}

}  // namespace mlc::onnx_import
