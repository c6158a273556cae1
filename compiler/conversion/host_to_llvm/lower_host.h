// Lowers the host functions of a rank program (what is left after kernels were formed) to the LLVM
// dialect.
//
// Each graph function becomes SPMD code that every thread of the team runs: calls of kernels and
// blocks, collectives through the runtime's function table, and a barrier wherever an op reads or
// overwrites what other threads may still write or read. The module exports what runtime/abi/abi.h
// asks for; kernels are external functions
//
//   void kernel(i64 thread, i64 threads, i64 symbols..., ptr inputs..., ptr outputs... [, ptr scratch])
//
// For a device rank the buffers are in the device's memory and one thread runs the host functions:
// kernels are launched and tensors copied through the table, in order, so that there are no
// barriers; conditions of if and loop are read back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "llvm/ADT/StringMap.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/dim_expr.h"
#include "runtime/package/program_interface.h"

namespace mlc::conversion {

// Whose memory the buffers of a program are in, and so where its kernels run.
enum class Memory { kHost, kDevice };

// How a device kernel is launched: block threads for every point, at most maxBlocks blocks.
struct KernelLaunch {
  int64_t kernel = 0;  // index among the program's device kernels
  DimExpr points;      // over the symbols
  int64_t blockThreads = 1;
  int64_t maxBlocks = 1;
};

// What the host needs to know of a lowered kernel.
struct KernelInfo {
  std::vector<std::string> symbols;    // its symbol arguments, in order
  DimExpr scratchBytes;                // per thread; zero: no scratch argument
  std::optional<KernelLaunch> launch;  // of a device kernel
};

struct HostProgram {
  mlir::OwningOpRef<mlir::ModuleOp> module;  // LLVM-ready: func, arith, scf and llvm ops
  std::vector<std::string> symbols;          // order of MlcInvocation::symbols
  // Order of MlcInvocation::weights; `source` is not filled in.
  std::vector<package::WeightSlot> weights;
  std::vector<package::ProgramState> states;  // order of MlcInvocation::states; without `index`
  package::SlotContents contents;             // of weights and states
  DimExpr arenaBytes;                         // over the symbols and kThreadsSymbol
};

mlir::FailureOr<HostProgram> lowerHost(mlir::ModuleOp program,
                                       const llvm::StringMap<KernelInfo>& kernels, Memory memory);

}  // namespace mlc::conversion
