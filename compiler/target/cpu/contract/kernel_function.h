// The function that a kernel becomes: its signature, and views of its buffers.
#pragma once

#include <string>

#include "compiler/target/cpu/contract/kernel_builder.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::cpu {

// Bytes of scratch are whole cache lines.
inline DimExpr alignedTo64(const DimExpr& bytes) { return ceilDiv(bytes, 64) * DimExpr(64); }

// The number of tasks to cut a kernel's work into, if it can be: one for a thread that is alone,
// else two for each.
mlir::Value tasksFor(KernelBuilder& k, mlir::Value threads);

// Builds the function and stands in its body; finish() ends it.
class KernelFunction {
 public:
  // scratchBytes: per thread; zero for none.
  KernelFunction(mlir::func::FuncOp kernel, const DimExpr& scratchBytes,
                 mlir::OpBuilder& intoModule);

  mlir::func::FuncOp function() const { return function_; }
  KernelBuilder& code() { return *code_; }
  mlir::Value thread() { return function_.getArgument(0); }
  mlir::Value threads() { return function_.getArgument(1); }
  // A flat view of the buffer of a kernel argument or of a constant in the kernel.
  mlir::Value view(mlir::Value tensor);
  mlir::Value outView();
  // All threads' scratch as a rank-1 memref of i8; null if there is none.
  mlir::Value scratch();

  void finish();

 private:
  mlir::Value constantView(mlir::Value tensor);

  mlir::func::FuncOp kernel_, function_;
  mlir::OpBuilder intoModule_, body_;
  std::optional<KernelBuilder> code_;
  llvm::DenseMap<mlir::Value, mlir::Value> views_;
  unsigned firstBuffer_ = 0;
  bool hasScratch_ = false;
};

}  // namespace mlc::cpu
