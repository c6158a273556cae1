// What reference evaluation walks tensors with. It reads elements as double or int64_t, computes in
// these two and rounds once, when it stores (runtime/base/element.h).
#pragma once

#include <cstdint>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Value.h"
#include "runtime/base/element.h"

namespace mlc::graph {

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
