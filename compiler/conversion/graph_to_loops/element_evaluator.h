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

  // The element of a tensor at these indices, in its compute type (elementwise_to_arith.h).
  mlir::Value at(mlir::Value tensor, llvm::ArrayRef<mlir::Value> indices);

  // Says that the element of `tensor` at whatever indices are asked for next is `element` (a root's
  // result, computed by a loop), which is rounded to the tensor's type. A null element takes it
  // back.
  void bind(mlir::Value tensor, mlir::Value element);

  // Stores an element of the kernel's only result.
  void store(mlir::Value element, llvm::ArrayRef<mlir::Value> indices);

  // Indices into a tensor that broadcasts to a result of that rank, from indices into the result.
  static Indices broadcastIndices(KernelFrame& frame, llvm::ArrayRef<mlir::Value> indices,
                                  llvm::ArrayRef<DimExpr> shape);

 private:
  mlir::Value load(mlir::Value buffer, mlir::Value offset, mlir::Type elementType);
  mlir::Value constant(graph::ConstantOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value slice(graph::SliceOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value gather(graph::GatherOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value gatherElements(graph::GatherElementsOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value concat(graph::ConcatOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value pad(graph::PadOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value rotate(graph::RotaryEmbeddingOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value quantize(graph::QuantizeOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value dequantize(graph::DequantizeOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value reshape(graph::ReshapeOp op, llvm::ArrayRef<mlir::Value> indices);
  // An index value from a tensor's element; a negative one counts from the end, one out of range is
  // moved to the nearest end.
  mlir::Value indexElement(mlir::Value element, mlir::Value size);
  mlir::Value ifElse(mlir::Value condition, mlir::Type elementType,
                     llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);

  KernelFrame& frame_;
  mlir::func::FuncOp kernel_;
  llvm::DenseMap<mlir::Value, mlir::Value> bound_;
};

}  // namespace mlc::conversion
