// Single elements of host tensors, whatever their type: floats as double, integers and bools as
// int64_t.
//
// Reference evaluation computes in these two and rounds once, when it stores.
#pragma once

#include <cstdint>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Value.h"
#include "runtime/base/host_tensor.h"

namespace mlc::graph {

bool isFloat(DType type);
// Whether 64-bit values of the type are read as unsigned.
bool isUnsigned(DType type);

double loadFloat(const HostTensor& tensor, int64_t i);
int64_t loadInteger(const HostTensor& tensor, int64_t i);
// An element of any type as a double.
double loadNumber(const HostTensor& tensor, int64_t i);
// Rounds to the tensor's float type.
void storeFloat(HostTensor& tensor, int64_t i, double value);
// Keeps the low bits; a bool is value != 0.
void storeInteger(HostTensor& tensor, int64_t i, int64_t value);
void copyElement(HostTensor& to, int64_t i, const HostTensor& from, int64_t j);

using Index = llvm::SmallVector<int64_t, 6>;

// Row-major strides in elements.
Index stridesOf(llvm::ArrayRef<int64_t> shape);
int64_t offsetOf(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> strides);
// The offset in a tensor of `shape` that broadcasts to the index of a result (aligned at the right,
// 1 stretches).
int64_t broadcastOffset(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape);

// Calls body(index, linear offset) for every index of a shape, in row-major order.
template <typename Body>
void forEachIndex(llvm::ArrayRef<int64_t> shape, Body body) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  Index index(shape.size(), 0);
  for (int64_t linear = 0; linear < count; ++linear) {
    body(llvm::ArrayRef<int64_t>(index), linear);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

// The element type of a tensor value.
DType resultType(mlir::Value value);

}  // namespace mlc::graph
