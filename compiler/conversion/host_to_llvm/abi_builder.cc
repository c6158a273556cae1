#include "compiler/conversion/host_to_llvm/abi_builder.h"

namespace mlc::conversion {

namespace LLVM = mlir::LLVM;
using mlir::Value;

Value AbiBuilder::i64(int64_t value) const {
  return LLVM::ConstantOp::create(builder_, loc_, builder_.getI64IntegerAttr(value));
}

Value AbiBuilder::i32(int64_t value) const {
  return LLVM::ConstantOp::create(builder_, loc_, builder_.getI32IntegerAttr(value));
}

Value AbiBuilder::nullPointer() const { return LLVM::ZeroOp::create(builder_, loc_, ptr()); }

Value AbiBuilder::advance(Value base, Value bytes) const {
  return LLVM::GEPOp::create(builder_, loc_, ptr(), builder_.getI8Type(), base,
                             llvm::ArrayRef<LLVM::GEPArg>{bytes});
}

Value AbiBuilder::loadAt(Value base, size_t bytes, mlir::Type type) const {
  return LLVM::LoadOp::create(builder_, loc_, type, advance(base, i64(bytes)));
}

void AbiBuilder::storeAt(Value base, size_t bytes, Value value) const {
  LLVM::StoreOp::create(builder_, loc_, value, advance(base, i64(bytes)));
}

void AbiBuilder::callRuntime(Value thread, size_t field, mlir::ValueRange arguments) const {
  call(thread, field, arguments, LLVM::LLVMVoidType::get(builder_.getContext()));
}

Value AbiBuilder::callForAddress(Value thread, size_t field, mlir::ValueRange arguments) const {
  return call(thread, field, arguments, ptr()).getResult();
}

LLVM::CallOp AbiBuilder::call(Value thread, size_t field, mlir::ValueRange arguments,
                              mlir::Type result) const {
  Value runtime = loadAt(thread, offsetof(MlcThread, runtime), ptr());
  Value function = loadAt(runtime, field, ptr());
  llvm::SmallVector<Value> operands{function, thread};
  operands.append(arguments.begin(), arguments.end());
  llvm::SmallVector<mlir::Type> types;
  for (Value operand : llvm::drop_begin(operands)) types.push_back(operand.getType());
  auto type = LLVM::LLVMFunctionType::get(result, types);
  return LLVM::CallOp::create(builder_, loc_, type, operands);
}

}  // namespace mlc::conversion
