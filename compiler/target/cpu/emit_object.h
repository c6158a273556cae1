// From the LLVM dialect to an object file, in memory.
#pragma once

#include <string>

#include "compiler/target/cpu/cpu_target.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/status.h"

namespace mlc::cpu {

// Optimizes (O3) and compiles a module in the LLVM dialect to a relocatable ELF object.
// Deterministic. Safe to call from several threads on different modules.
StatusOr<std::string> emitObject(mlir::ModuleOp module, const CpuTarget& target);

}  // namespace mlc::cpu
