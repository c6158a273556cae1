// Emits accesses to the structs of runtime/abi/abi.h.
#pragma once

#include <cstddef>

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "runtime/abi/abi.h"

namespace mlc::conversion {

class AbiBuilder {
 public:
  AbiBuilder(mlir::OpBuilder& builder, mlir::Location loc) : builder_(builder), loc_(loc) {}

  mlir::Type ptr() const { return mlir::LLVM::LLVMPointerType::get(builder_.getContext()); }
  mlir::Value i64(int64_t value) const;
  mlir::Value i32(int64_t value) const;
  mlir::Value nullPointer() const;

  // base + bytes (an i64 value).
  mlir::Value advance(mlir::Value base, mlir::Value bytes) const;
  // *(type*)(base + bytes)
  mlir::Value loadAt(mlir::Value base, size_t bytes, mlir::Type type) const;
  void storeAt(mlir::Value base, size_t bytes, mlir::Value value) const;

  // Calls the function pointer at that offset of MlcRuntime with (thread, arguments...).
  void callRuntime(mlir::Value thread, size_t field, mlir::ValueRange arguments) const;
  // The same of a function that returns an address.
  mlir::Value callForAddress(mlir::Value thread, size_t field, mlir::ValueRange arguments) const;
  void barrier(mlir::Value thread) const { callRuntime(thread, offsetof(MlcRuntime, barrier), {}); }

 private:
  mlir::LLVM::CallOp call(mlir::Value thread, size_t field, mlir::ValueRange arguments,
                          mlir::Type result) const;
  mlir::OpBuilder& builder_;
  mlir::Location loc_;
};

}  // namespace mlc::conversion
