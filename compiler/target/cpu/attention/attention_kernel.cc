#include "compiler/target/cpu/attention/attention_kernel.h"

#include "compiler/target/cpu/attention/attention_loops.h"
#include "compiler/target/cpu/contract/kernel_function.h"

namespace mlc::cpu {

bool hasAttentionKernel(graph::AttentionOp op) {
  mlir::Type element = op.getQuery().getType().getElementType();
  return element.isF32() || element.isF16() || element.isBF16();
}

mlir::FailureOr<AttentionOperands> matchAttention(mlir::func::FuncOp kernel) {
  mlir::FailureOr<AttentionOperands> operands = AttentionOperands::of(kernel);
  if (mlir::succeeded(operands) && !hasAttentionKernel(operands->op)) return mlir::failure();
  return operands;
}

mlir::func::FuncOp lowerAttentionKernel(mlir::func::FuncOp kernel,
                                        const AttentionOperands& operands, const CpuTarget& target,
                                        mlir::OpBuilder& intoModule) {
  AttentionLoops loops(operands, target);
  KernelFunction function(kernel, loops.scratchBytes(), intoModule);
  AttentionLoops::Views views;
  views.thread = function.thread();
  views.threads = function.threads();
  views.query = function.view(operands.query.tensor);
  views.key = function.view(operands.key.tensor);
  views.value = function.view(operands.value.tensor);
  if (operands.mask.tensor) views.mask = function.view(operands.mask.tensor);
  if (operands.keep.tensor) views.keep = function.view(operands.keep.tensor);
  views.result = function.outView();
  views.scratch = function.scratch();
  loops.emit(function.code(), views);
  function.finish();
  return function.function();
}

}  // namespace mlc::cpu
