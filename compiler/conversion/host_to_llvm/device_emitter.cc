// What is different for buffers in a device's memory: kernels are launched, tensors copied and
// scalars read through the runtime.
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlc::conversion {

namespace LLVM = mlir::LLVM;
namespace arith = mlir::arith;
using mlir::Value;

namespace {

int64_t byteWidth(mlir::Type type) { return (type.getIntOrFloatBitWidth() + 7) / 8; }

}  // namespace

Value FunctionEmitter::slotsOnStack(int64_t count) {
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(&emitted_.getBody().front());
  return LLVM::AllocaOp::create(builder_, loc_, abi_.ptr(), builder_.getI64Type(), abi_.i64(count));
}

// The launch takes addresses of the arguments' values: slots of their own, behind the array that
// points to them.
void FunctionEmitter::emitLaunch(mlir::func::CallOp call, const KernelInfo& info) {
  llvm::SmallVector<Value> values;
  for (const std::string& symbol : info.symbols) {
    values.push_back(
        arith::IndexCastOp::create(builder_, loc_, builder_.getI64Type(), symbols_.lookup(symbol)));
  }
  for (Value operand : call.getOperands()) values.push_back(pointer(operand));
  for (Value result : call.getResults()) values.push_back(pointer(result));

  const auto count = static_cast<int64_t>(values.size());
  Value slots = slotsOnStack(2 * count);
  for (auto [i, value] : llvm::enumerate(values)) {
    const size_t slot = (static_cast<size_t>(count) + i) * sizeof(void*);
    abi_.storeAt(slots, slot, value);
    abi_.storeAt(slots, i * sizeof(void*), abi_.advance(slots, abi_.i64(slot)));
  }
  const KernelLaunch& launch = *info.launch;
  Value blocks = bytes(ceilDiv(launch.points, launch.blockThreads));
  blocks = arith::MinSIOp::create(builder_, loc_, blocks, abi_.i64(launch.maxBlocks));
  abi_.callRuntime(thread_, offsetof(MlcRuntime, launch),
                   {abi_.i64(launch.kernel), blocks, abi_.i64(launch.blockThreads), slots});
}

Value FunctionEmitter::readScalar(Value tensor, mlir::Type type) {
  Value address = pointer(tensor);
  if (onDevice()) {
    Value slot = slotsOnStack(1);
    abi_.callRuntime(thread_, offsetof(MlcRuntime, copy),
                     {slot, address, abi_.i64(byteWidth(type)), abi_.i32(MLC_TO_HOST)});
    address = slot;
  }
  return LLVM::LoadOp::create(builder_, loc_, type, address);
}

void FunctionEmitter::writeScalar(Value tensor, Value value) {
  if (!onDevice()) {
    onThreadZero([&] { LLVM::StoreOp::create(builder_, loc_, value, pointer(tensor)); });
    return;
  }
  Value slot = slotsOnStack(1);
  LLVM::StoreOp::create(builder_, loc_, value, slot);
  abi_.callRuntime(
      thread_, offsetof(MlcRuntime, copy),
      {pointer(tensor), slot, abi_.i64(byteWidth(value.getType())), abi_.i32(MLC_TO_DEVICE)});
}

}  // namespace mlc::conversion
