// The elementwise ops that a kernel applies to its root's result before storing it.
#pragma once

#include "compiler/dialect/graph/shape.h"
#include "compiler/target/cpu/contract/loop_nest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::cpu {

// The root op (not elementwise, not a constant or size) of a kernel; null unless there is exactly
// one.
mlir::Operation* kernelRoot(mlir::func::FuncOp kernel);

// A directed acyclic graph of elementwise ops over the root's result, kernel arguments, constants
// and sizes.
class Epilogue {
 public:
  // Fails on what it has no code for: ops that are not elementwise, results other than the graph's
  // last value.
  static mlir::FailureOr<Epilogue> of(mlir::func::FuncOp kernel, mlir::Operation* root);

  // The tensors that it reads from memory: kernel arguments, constants with several values, a
  // convolution's bias. Operand i is buffer kFirstEpilogueBuffer + i.
  llvm::ArrayRef<mlir::Value> operands() const { return operands_; }
  // Their shapes as they broadcast to the result's; a bias is [channels, 1, ..].
  llvm::SmallVector<graph::Shape> operandShapes() const;

  mlir::Value result() const { return result_; }
  bool empty() const { return result_ == root_; }

  // The value to store (in its storage type) where the root's result is `accumulated`. `load` gives
  // the operand with a number, as it lies in memory.
  mlir::Value emit(KernelBuilder& k, mlir::Value accumulated, int64_t width,
                   llvm::function_ref<mlir::Value(int)> load) const;

 private:
  mlir::Value root_, result_;
  std::optional<int> bias_;  // number of the operand that is added to the root's sums
  llvm::SmallVector<mlir::Value> operands_;
};

}  // namespace mlc::cpu
