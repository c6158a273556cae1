// Compiles one rank program: graph module in, shared object out.
#pragma once

#include <string>
#include <vector>

#include "compiler/target/cpu/cpu_target.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::target {

struct CompiledProgram {
  std::string object;                        // bytes of the shared object
  std::vector<std::string> symbols;          // order of MlcInvocation::symbols
  std::vector<package::WeightSlot> weights;  // `source` is not filled in
  int kernels = 0;                           // distinct kernels
};

// Called with a name ("kernels", "host") and the module as it is at that point.
using DumpFunction = std::function<void(const std::string& name, mlir::ModuleOp module)>;

// Consumes the module's contents: its ops are outlined into kernels on the way. Kernels are compiled in parallel.
StatusOr<CompiledProgram> compileCpuProgram(mlir::ModuleOp program, const cpu::CpuTarget& target,
                                            const DumpFunction& dump);

}  // namespace mlc::target
