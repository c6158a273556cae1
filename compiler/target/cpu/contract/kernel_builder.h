// Short names for the ops that kernel code is made of. Index arithmetic folds constants.
#pragma once

#include <functional>
#include <vector>

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "runtime/base/dim_expr.h"

namespace mlc::cpu {

// Emits into one kernel function. Values of dim expressions are computed once, at the function's
// entry.
class KernelBuilder {
 public:
  using Value = mlir::Value;
  using Body = llvm::function_ref<void(Value)>;
  using Carried = llvm::SmallVector<Value>;
  using CarryingBody = llvm::function_ref<Carried(Value, mlir::ValueRange)>;

  // `builder` stands in the function's entry block; symbols maps names to index values.
  KernelBuilder(mlir::OpBuilder& builder, mlir::Location loc, llvm::StringMap<Value> symbols);

  mlir::OpBuilder& builder() { return builder_; }
  mlir::Location loc() const { return loc_; }
  mlir::func::FuncOp function() const;
  // The names of the symbols, sorted.
  std::vector<std::string> symbols() const;

  Value index(int64_t value);
  Value dim(const DimExpr& expr);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  // Of numbers that are not negative, by positive ones.
  Value div(Value a, Value b);
  Value ceilDiv(Value a, Value b) { return div(add(a, sub(b, index(1))), b); }
  Value rem(Value a, Value b);
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value less(Value a, Value b);
  Value equal(Value a, Value b);

  void loop(Value from, Value to, Value step, Body body);
  Carried loop(Value from, Value to, Value step, mlir::ValueRange initial, CarryingBody body);
  // Without a result; `otherwise` may be empty.
  void branch(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = {});
  // One case per value; the selector has one of them.
  void switchOn(Value selector, llvm::ArrayRef<int64_t> values,
                llvm::function_ref<void(int64_t)> body);

  // The rank-0 memref of a kernel argument (or a pointer as below) as a flat view of its elements.
  Value flatView(Value pointer);
  // A flat view as an argument for a function: a memref<1xT>, which is passed as a bare pointer.
  Value pointer(Value view);
  static mlir::MemRefType pointerType(Value view);
  // A flat view of scratch bytes from a byte offset on.
  Value scratchView(Value bytes, Value byteOffset, mlir::Type element);

  // A scalar (width 1: not a vector) or a vector of `width` elements.
  Value load(Value view, Value offset, int64_t width);
  void store(Value value, Value view, Value offset);
  Value broadcast(Value scalar, int64_t width);

 private:
  Value reinterpret(Value source, mlir::MemRefType type, mlir::OpFoldResult length);

  mlir::OpBuilder& builder_;
  mlir::Location loc_;
  llvm::StringMap<Value> symbols_;
  llvm::StringMap<Value> dims_;
  mlir::Block* entry_;
  mlir::Operation* lastEntryOp_ = nullptr;  // dims are computed after this one
};

// `width` elements as a type: the element type itself for 1.
mlir::Type vectorOf(mlir::Type element, int64_t width);

// A part of 0 .. total: share i of n (i = n gives the end). The first total % n shares are one
// longer.
mlir::Value shareBegin(KernelBuilder& k, mlir::Value i, mlir::Value n, mlir::Value total);

}  // namespace mlc::cpu
