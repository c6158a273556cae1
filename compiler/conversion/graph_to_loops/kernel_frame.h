// The lowered form of a kernel function, while its body is being emitted: its symbols' values and
// its buffers.
//
//   func.func @kernel(%thread: index, %threads: index, %symbol...: index, %in...: memref<T>,
//                     %out...: memref<T>)
//
// Buffers are contiguous and row-major, passed as bare pointers (memrefs of rank 0) that do not
// alias.
#pragma once

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/dialect/graph/shape.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {

// How the points of a result (elements, or the rows of a norm or softmax) are shared among threads.
enum class Sharing {
  // CPU: a contiguous part each, of whole innermost rows: they stay in cache and vectorize.
  kRows,
  // GPU: thread i has the points i, i + threads, ...: neighbours touch neighbouring memory.
  kElements,
};

class KernelFrame {
 public:
  // Adds the lowered function, under the kernel's name and still empty, at the builder's insertion
  // point and moves the builder into it.
  KernelFrame(mlir::func::FuncOp kernel, mlir::OpBuilder& builder, Sharing sharing);

  mlir::func::FuncOp function() const { return function_; }
  mlir::OpBuilder& builder() { return builder_; }
  mlir::Location loc() const { return loc_; }

  mlir::Value thread() { return function_.getArgument(0); }
  mlir::Value threads() { return function_.getArgument(1); }

  // Both are made once, at the function's entry, so that equal indices are one value.
  mlir::Value index(int64_t value) { return index(DimExpr(value)); }
  mlir::Value index(const DimExpr& expr);

  // The dims of a tensor and its row-major strides, in elements; made once per shape.
  const llvm::SmallVector<mlir::Value>& dims(llvm::ArrayRef<DimExpr> shape);
  const llvm::SmallVector<mlir::Value>& strides(llvm::ArrayRef<DimExpr> shape);
  // 0 where a dim of that size is 1 and stretches, else 1; made once per size.
  mlir::Value broadcastStep(const DimExpr& size);
  // Sum of indices[i] * strides[i].
  mlir::Value offset(llvm::ArrayRef<mlir::Value> indices, llvm::ArrayRef<DimExpr> shape);

  // The buffer of kernel argument or result i, as a memref<?xT>.
  mlir::Value input(unsigned i) const { return inputs_[i]; }
  mlir::Value output(unsigned i) const { return outputs_[i]; }

  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);

  // body(i) for every i of this thread's part of [0, points). The number is noted on the function
  // (mlc.points).
  void forEachOwn(const DimExpr& points, llvm::function_ref<void(mlir::Value)> body);
  // The multi-index of `linear` in a space of these dims, row-major.
  llvm::SmallVector<mlir::Value> delinearize(mlir::Value linear, llvm::ArrayRef<mlir::Value> dims);

  // for (i = begin; i < end; i += step) body(i)
  void loop(mlir::Value begin, mlir::Value end, llvm::function_ref<void(mlir::Value)> body,
            int64_t step = 1);
  // The same with values carried from one iteration to the next; returns the last ones.
  llvm::SmallVector<mlir::Value> reduceLoop(
      mlir::Value begin, mlir::Value end, mlir::ValueRange initial,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);

  void finish();

 private:
  struct Extents {
    llvm::SmallVector<mlir::Value> dims, strides;
  };
  const Extents& extents(llvm::ArrayRef<DimExpr> shape);
  void loopBy(mlir::Value begin, mlir::Value end, mlir::Value step,
              llvm::function_ref<void(mlir::Value)> body);

  mlir::OpBuilder& builder_;
  mlir::Location loc_;
  Sharing sharing_;
  mlir::func::FuncOp function_;
  llvm::StringMap<mlir::Value> symbols_;
  llvm::SmallVector<mlir::Value> inputs_, outputs_;
  llvm::StringMap<Extents> extents_;
  llvm::StringMap<mlir::Value> broadcastSteps_;
  llvm::StringMap<mlir::Value> entryIndices_;
};

}  // namespace mlc::conversion
