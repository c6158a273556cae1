#include "compiler/dialect/graph/evaluate/elements.h"

#include "compiler/dialect/graph/shape.h"

namespace mlc::graph {

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
