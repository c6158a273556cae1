// Emits the computation of single elements of a kernel's tensors: elementwise and movement ops are
// followed back to the kernel's arguments, so that a chain of them becomes one expression inside
// one loop.
#pragma once

#include "compiler/conversion/graph_to_loops/kernel_frame.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::conversion {

using Indices = llvm::SmallVector<mlir::Value>;

class ElementEvaluator {
 public:
  ElementEvaluator(KernelFrame& frame, mlir::func::FuncOp kernel)
      : frame_(frame), kernel_(kernel) {}

  // Whether elements of this op's result are computed from its operands' elements, without loops.
  static bool supports(mlir::Operation* op);

  // The element of a tensor at these indices, in its compute type (elementwise_to_arith.h). An
  // element that was computed before, where its value can be used, is not computed again.
  mlir::Value at(mlir::Value tensor, llvm::ArrayRef<mlir::Value> indices);

  // Until it is taken back by a null element, `element` is the element of `tensor` at any indices
  // (a root's result, computed by a loop, and rounded to the tensor's type).
  void bind(mlir::Value tensor, mlir::Value element);

  // From now on elements of `tensor` are read from the kernel's result `result`, where they have
  // been stored.
  void readFromResult(mlir::Value tensor, unsigned result);

  // Stores the element at these indices of each kernel result, but for those that readFromResult()
  // named.
  void storeResults(llvm::ArrayRef<mlir::Value> indices);
  void store(unsigned result, mlir::Value element, llvm::ArrayRef<mlir::Value> indices);

  // The tensors that the kernel returns.
  mlir::ValueRange results();

  // Stores the elements that share a byte of the kernel's only result, which is packed; all of
  // them, so that no byte is written twice.
  void storeByte(llvm::ArrayRef<mlir::Value> elements, mlir::Value byte);

  // Indices into a tensor that broadcasts to a result of that rank, from indices into the result.
  static Indices broadcastIndices(KernelFrame& frame, llvm::ArrayRef<mlir::Value> indices,
                                  llvm::ArrayRef<DimExpr> shape);

 private:
  // A value that was computed for an element, and the block that it is in.
  struct Known {
    Indices indices;
    mlir::Value value;
    mlir::Block* block;
  };

  mlir::Value compute(mlir::Value tensor, llvm::ArrayRef<mlir::Value> indices);
  // Whether what was made in that block can be used where the builder is.
  bool isVisible(mlir::Block* block);
  mlir::Value load(mlir::Value buffer, mlir::Value offset, mlir::Type elementType);

  KernelFrame& frame_;
  mlir::func::FuncOp kernel_;
  llvm::DenseMap<mlir::Value, mlir::Value> bound_;
  llvm::DenseMap<mlir::Value, unsigned> stored_;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Known>> known_;
};

}  // namespace mlc::conversion
