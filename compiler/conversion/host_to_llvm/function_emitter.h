// Emits one host function. See lower_host.h.
#pragma once

#include <string>
#include <vector>

#include "compiler/conversion/host_to_llvm/abi_builder.h"
#include "compiler/conversion/host_to_llvm/hazards.h"
#include "compiler/conversion/host_to_llvm/lower_host.h"
#include "compiler/conversion/plan_memory/plan_memory.h"
#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::conversion {

// The weight slots of a program, each once.
class WeightSlots {
 public:
  int slotOf(graph::WeightOp op);
  const std::vector<package::WeightSlot>& all() const { return slots_; }

 private:
  std::vector<package::WeightSlot> slots_;
};

// What all functions of a program share.
struct ProgramContext {
  mlir::ModuleOp graph;                        // the rank program
  mlir::ModuleOp host;                         // what is being made
  const llvm::StringMap<KernelInfo>& kernels;
  const std::vector<std::string>& symbols;
  WeightSlots& weights;
  Memory memory;
};

class FunctionEmitter {
 public:
  FunctionEmitter(ProgramContext& program, mlir::func::FuncOp function, const FramePlan& plan);

  // Adds @<name> (thread: ptr, index, count: i64, weights: ptr, arena: ptr, symbols: i64..., arguments..., results...: ptr) to the host module.
  mlir::LogicalResult emit();

 private:
  mlir::LogicalResult emitBlock(mlir::Block& block);
  mlir::LogicalResult emitOp(mlir::Operation* op);
  void emitKernelCall(mlir::func::CallOp call, mlir::func::FuncOp kernel);
  void emitLaunch(mlir::func::CallOp call, const KernelInfo& info);
  void emitBlockCall(mlir::func::CallOp call);
  mlir::LogicalResult emitIf(graph::IfOp op);
  mlir::LogicalResult emitLoop(graph::LoopOp op);
  void emitAllReduce(dist::AllReduceOp op);
  void emitAllGather(dist::AllGatherOp op);
  void emitReduceScatter(dist::ReduceScatterOp op);
  void emitReturn(mlir::func::ReturnOp op);

  void preparePointers();
  mlir::Value pointer(mlir::Value tensor);
  mlir::Value bytes(const DimExpr& expr);
  void barrier();
  void access(llvm::ArrayRef<mlir::Value> reads, llvm::ArrayRef<mlir::Value> writes,
              mlir::Operation* scratchOf = nullptr);
  // Thread 0 copies a whole tensor.
  void copy(mlir::Value destination, mlir::Value source, const DimExpr& count);
  void copyWithinDevice(mlir::Value destination, mlir::Value source, const DimExpr& count);
  void copyTensor(mlir::Value to, mlir::Value from);
  void onThreadZero(llvm::function_ref<void()> emit);
  // `count` eight-byte slots in the function's stack frame.
  mlir::Value slotsOnStack(int64_t count);
  // The value of a scalar tensor, wherever it is.
  mlir::Value readScalar(mlir::Value tensor, mlir::Type type);
  mlir::Value readCondition(mlir::Value tensor);
  void writeScalar(mlir::Value tensor, mlir::Value value);
  bool onDevice() const { return program_.memory == Memory::kDevice; }
  mlir::func::FuncOp declare(llvm::StringRef name, mlir::ValueRange arguments);

  ProgramContext& program_;
  mlir::func::FuncOp function_;
  const FramePlan& plan_;
  mlir::OpBuilder builder_;
  mlir::Location loc_;
  AbiBuilder abi_;
  Hazards hazards_;
  mlir::func::FuncOp emitted_;
  mlir::Value thread_, index_, count_, weights_, arena_;
  llvm::StringMap<mlir::Value> symbols_;  // index-typed
  llvm::DenseMap<mlir::Value, mlir::Value> pointers_;
  llvm::DenseMap<mlir::Operation*, mlir::Value> scratch_;
};

}  // namespace mlc::conversion
