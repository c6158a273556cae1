// Emits one host function. See lower_host.h.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "compiler/conversion/host_to_llvm/abi_builder.h"
#include "compiler/conversion/host_to_llvm/hazards.h"
#include "compiler/conversion/host_to_llvm/lower_host.h"
#include "compiler/conversion/host_to_llvm/slots.h"
#include "compiler/conversion/plan_memory/plan_memory.h"
#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/BitVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::conversion {

// The arguments of a block that are weights in every call of it.
llvm::BitVector parameterArguments(mlir::func::FuncOp block, mlir::ModuleOp program);

// Those that are states in every call of it.
llvm::BitVector stateArguments(mlir::func::FuncOp block, mlir::ModuleOp program);

// What all functions of a program share.
struct ProgramContext {
  mlir::ModuleOp graph;  // the rank program
  mlir::ModuleOp host;   // what is being made
  const llvm::StringMap<KernelInfo>& kernels;
  const std::vector<std::string>& symbols;
  WeightSlots& weights;
  StateSlots& states;
  Memory memory;
};

class FunctionEmitter {
 public:
  FunctionEmitter(ProgramContext& program, mlir::func::FuncOp function, const FramePlan& plan);

  // Adds @<name> (thread: ptr, index, count: i64, weights: ptr, parameters: ptr, states: ptr,
  // arena: ptr, symbols: i64..., arguments..., results...: ptr) to the host module. The arguments
  // that are weights or states in every call are not passed: parameters and states point to their
  // slots; @main's states to those of the program.
  mlir::LogicalResult emit();

 private:
  mlir::LogicalResult emitBlock(mlir::Block& block);
  mlir::LogicalResult emitOp(mlir::Operation* op);
  void emitKernelCall(mlir::func::CallOp call, mlir::func::FuncOp kernel);
  void emitLaunch(mlir::func::CallOp call, const KernelInfo& info);
  // block_call_emitter.cc
  void emitBlockCall(mlir::func::CallOp call);
  void emitRun(mlir::func::CallOp first, llvm::ArrayRef<mlir::func::CallOp> run);
  llvm::SmallVector<mlir::func::CallOp> runBehind(mlir::func::CallOp first);
  void callBlock(mlir::func::CallOp call, mlir::Value firstSlot, mlir::Value firstState,
                 llvm::ArrayRef<mlir::Value> operands, llvm::ArrayRef<mlir::Value> results);
  // The first slots of the weights and states that a call passes, and its other operands.
  int parametersOf(mlir::func::CallOp call);
  int statesOf(mlir::func::CallOp call);
  llvm::SmallVector<mlir::Value> activations(mlir::func::CallOp call);

  mlir::LogicalResult emitIf(graph::IfOp op);
  mlir::LogicalResult emitLoop(graph::LoopOp op);
  std::optional<DimExpr> operationsOfTrip(graph::LoopOp op);
  mlir::LogicalResult emitTrips(graph::LoopOp op);
  void emitFailIf(graph::FailIfOp op);
  void skipRestIf(graph::FailIfOp op);
  void failIf(mlir::Value condition, llvm::StringRef text);
  // The sizes, addresses and symbols that an if or loop binds (control_flow_emitter.cc).
  struct Bound;
  Bound boundBy(mlir::Operation* op, std::optional<mlir::ArrayAttr> binds);
  void takeBound(const Bound& bound, mlir::ValueRange values);
  llvm::SmallVector<mlir::Value> yieldedDims(const Bound& bound, mlir::ValueRange yielded,
                                             mlir::Value holds);
  mlir::Value copyToOwn(mlir::Value result, mlir::Value yielded, mlir::Value& holds);
  mlir::Value appendToOwn(mlir::Value result, mlir::Value part, mlir::Value trip,
                          mlir::Value before, mlir::Value& holds);
  void enterTrip(graph::LoopOp op, const Bound& bound, mlir::ValueRange state);
  llvm::SmallVector<mlir::Value> leaveTrip(graph::LoopOp op, const Bound& bound, mlir::Value trip,
                                           mlir::ValueRange state);
  void checkScannedDim(graph::LoopOp op, mlir::Value size, mlir::Value before, mlir::Value trip);
  // run_time_sizes.cc
  void emitDefineSize(graph::DefineSizeOp op);
  void allocateSegment(mlir::Operation* definedBy, bool inBody, llvm::StringRef symbol = {});
  mlir::Value allocate(int64_t segment, const DimExpr& bytes, mlir::Value kept = {});
  mlir::Value isNull(mlir::Value address);
  void emitReturnOfComputedShape(mlir::Value tensor, int64_t index);
  // library_emitter.cc
  void emitLibraryCall(graph::LibraryCall op);
  mlir::Value libraryAttributes(graph::LibraryCall op);
  mlir::Value describeTensors(mlir::ValueRange tensors);
  mlir::Value dimsOnStack(llvm::ArrayRef<DimExpr> dims);
  // collective_emitter.cc
  void emitAllReduce(dist::AllReduceOp op);
  void emitAllGather(dist::AllGatherOp op);
  void emitReduceScatter(dist::ReduceScatterOp op);
  void emitAppend(graph::AppendOp op);  // append_emitter.cc
  void emitReturn(mlir::func::ReturnOp op);

  void preparePointers();
  bool isPassedOnly(mlir::Operation* leaf);
  mlir::Value pointer(mlir::Value tensor);
  mlir::Value bytes(const DimExpr& expr);
  void barrier();
  void meet();  // the call for a barrier
  void access(llvm::ArrayRef<mlir::Value> reads, llvm::ArrayRef<mlir::Value> writes,
              mlir::Operation* scratchOf = nullptr);
  // Thread 0 copies a whole tensor.
  void copy(mlir::Value destination, mlir::Value source, const DimExpr& count);
  void copyBytes(mlir::Value destination, mlir::Value source, mlir::Value count);
  void copyTensor(mlir::Value to, mlir::Value from);
  void onThreadZero(llvm::function_ref<void()> emit);
  // `count` eight-byte slots in the function's stack frame.
  mlir::Value slotsOnStack(int64_t count);
  // The value of a scalar tensor, wherever it is.
  mlir::Value readScalar(mlir::Value tensor, mlir::Type type);
  mlir::Value message(llvm::StringRef text);
  mlir::Value readCondition(mlir::Value tensor);
  void writeScalar(mlir::Value tensor, mlir::Value value);
  bool onDevice() const { return program_.memory == Memory::kDevice; }
  mlir::func::FuncOp declare(llvm::StringRef name, mlir::ValueRange arguments);

  ProgramContext& program_;
  mlir::func::FuncOp function_;
  const FramePlan& plan_;
  const std::set<std::string> computed_;  // symbols that the function defines
  mlir::OpBuilder builder_;
  mlir::Location loc_;
  AbiBuilder abi_;
  Hazards hazards_;
  mlir::func::FuncOp emitted_;
  mlir::Value thread_, index_, count_, weights_, parameters_, states_, arena_;
  mlir::Value meets_;                     // whether all threads are here; null: they are
  llvm::StringMap<mlir::Value> symbols_;  // index-typed
  llvm::DenseMap<mlir::Value, mlir::Value> pointers_;
  llvm::DenseMap<mlir::Operation*, mlir::Value> scratch_;
  llvm::DenseSet<mlir::Operation*> inRun_;  // calls that a loop emitted before does
};

}  // namespace mlc::conversion
