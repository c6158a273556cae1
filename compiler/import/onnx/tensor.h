// A value of the model while it is imported.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/dialect/graph/shape.h"
#include "mlir/IR/Value.h"
#include "runtime/base/host_tensor.h"

namespace mlc::onnx_import {

// Elements of a small integer or bool tensor, row-major, as expressions.
using Elements = std::vector<DimExpr>;

struct Tensor;
using TensorRef = std::shared_ptr<Tensor>;

// What a sequence or optional holds.
struct Held {
  DType dtype = DType::kF32;
  bool isSequence = false;  // an optional sequence of these
  // What is known of the tensors' dims: none where ranks are not, no expression where a dim is not.
  std::optional<std::vector<std::optional<DimExpr>>> dims;
  bool isEmpty = false;  // there are no tensors: dims say nothing
};

// What is known of either. The dtypes must be equal.
Held joined(const Held& a, const Held& b);
bool operator==(const Held& a, const Held& b);
// Of sequences of tensors of this shape. Only constants stay known.
Held heldOf(DType dtype, llvm::ArrayRef<DimExpr> shape);

// Type and shape are always known. The value is in the IR, or what it is made from is known, or
// both; it gets into the IR only when an op needs it there, so that shape arithmetic leaves no
// trace.
struct Tensor {
  std::string name;  // of the model's value; empty for those made on the way
  DType dtype = DType::kF32;
  graph::Shape shape;
  mlir::Value value;                   // null until it is in the IR
  std::optional<Elements> elements;    // known symbolically; at most kMaxElements
  std::optional<HostTensor> constant;  // known bytes, small
  std::string weight;                  // an entry of the weight table
  std::optional<HostTensor> fill;      // a scalar that all elements equal
  Held held;                           // of a sequence or optional
  // The tensors of a sequence, or the value of an optional, if all of them are known.
  std::optional<std::vector<TensorRef>> items;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
};

// Larger tensors are data, not shapes.
inline constexpr int64_t kMaxElements = 256;

// The number of elements if all dims are constant.
std::optional<int64_t> constantCount(llvm::ArrayRef<DimExpr> shape);

// The elements of a small integer or bool tensor; none for others.
std::optional<Elements> elementsOf(const HostTensor& tensor);

// The bytes of constant elements; none if one is not constant.
std::optional<HostTensor> constantOf(const Elements& elements, DType dtype,
                                     llvm::ArrayRef<DimExpr> shape);

// Tensors that are known without being in the IR.
TensorRef symbolicTensor(DType dtype, graph::Shape shape, Elements elements);
TensorRef constantTensor(HostTensor tensor);

// A sequence of known tensors, at most kMaxKnownItems; an optional with or without a value.
TensorRef knownSequence(Held held, std::vector<TensorRef> items);
TensorRef knownOptional(Held held, TensorRef value);
inline constexpr int64_t kMaxKnownItems = 64;

}  // namespace mlc::onnx_import
