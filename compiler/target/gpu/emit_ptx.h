// From the LLVM dialect to PTX text, in process, by LLVM's NVPTX backend.
#pragma once

#include <string>

#include "compiler/target/gpu/gpu_target.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/status.h"

namespace mlc::gpu {

// Optimizes (O3) a module of device entries in the LLVM and NVVM dialects and compiles it.
// Deterministic. The target is an NVIDIA one.
StatusOr<std::string> emitPtx(mlir::ModuleOp module, const GpuTarget& target);

}  // namespace mlc::gpu
