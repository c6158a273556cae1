#include "compiler/dialect/graph/dense_elements.h"

#include "llvm/ADT/SmallVector.h"
#include "runtime/base/element.h"

namespace mlc::graph {

mlir::DenseElementsAttr denseElements(mlir::RankedTensorType type, const HostTensor& tensor) {
  const int64_t count = tensor.numElements();
  if (tensor.dtype() == DType::kBool) {
    llvm::SmallVector<bool> bools;
    for (int64_t i = 0; i < count; ++i) bools.push_back(loadInteger(tensor, i) != 0);
    return mlir::DenseElementsAttr::get(type, llvm::ArrayRef<bool>(bools));
  }
  if (isPacked(tensor.dtype())) {
    // MLIR keeps elements of less than a byte in a byte each.
    llvm::SmallVector<char> bytes;
    for (int64_t i = 0; i < count; ++i)
      bytes.push_back(static_cast<char>(loadPacked(tensor.raw(), dtypeBits(tensor.dtype()), i)));
    return mlir::DenseElementsAttr::getFromRawBuffer(type, bytes);
  }
  return mlir::DenseElementsAttr::getFromRawBuffer(
      type, llvm::ArrayRef<char>(tensor.data<char>(), tensor.bytes()));
}

}  // namespace mlc::graph
