// Appends to states: the new rows are copied behind those that are there, by all threads.
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlc::conversion {

namespace arith = mlir::arith;
using mlir::Value;

void FunctionEmitter::emitAppend(graph::AppendOp op) {
  const DimExpr count = tensorBytes(op.getUpdate().getType());
  access({op.getUpdate()}, {op.getResult()});
  Value source = pointer(op.getUpdate());
  Value destination =
      abi_.advance(pointer(op.getState()), bytes(tensorBytes(op.getState().getType())));
  if (onDevice()) return copy(destination, source, count);
  // Thread i of n copies [bytes * i / n, bytes * (i + 1) / n).
  Value total = bytes(count);
  auto wide = [&](Value value) -> Value {
    return arith::IndexCastOp::create(builder_, loc_, builder_.getI64Type(), value);
  };
  auto bound = [&](Value thread) -> Value {
    Value product = arith::MulIOp::create(builder_, loc_, total, thread);
    return arith::DivUIOp::create(builder_, loc_, product, wide(count_));
  };
  Value begin = bound(wide(index_));
  Value end = bound(arith::AddIOp::create(builder_, loc_, wide(index_), abi_.i64(1)));
  Value part = arith::SubIOp::create(builder_, loc_, end, begin);
  mlir::LLVM::MemcpyOp::create(builder_, loc_, abi_.advance(destination, begin),
                               abi_.advance(source, begin), part, /*isVolatile=*/false);
}

}  // namespace mlc::conversion
