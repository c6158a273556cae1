// From the LLVM dialect to a target's code, in memory: what CPU and GPU share.
#pragma once

#include <string>

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Target/TargetMachine.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/status.h"

namespace mlc::target {

struct CodeOptions {
  llvm::CodeGenFileType fileType = llvm::CodeGenFileType::ObjectFile;
  llvm::PipelineTuningOptions tuning;
  std::string targetName;  // for messages
};

// Translates the module to LLVM IR, calls `prepare` on it, optimizes (O3) and compiles it.
// Deterministic. Safe to call from several threads on different modules and machines.
StatusOr<std::string> emitCode(mlir::ModuleOp module, llvm::TargetMachine& machine,
                               const CodeOptions& options,
                               llvm::function_ref<void(llvm::Module&)> prepare);

}  // namespace mlc::target
