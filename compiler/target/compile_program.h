// Compiles one rank program: graph module in; shared object and, for a device, its kernels out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/package/program_files.h"
#include "compiler/target/program_target.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::target {

struct CompiledProgram {
  package::ProgramFiles files;
  // All but the files' names, the weight slots' `source` and the states' `index`.
  package::Program description;
  std::vector<KernelReport> kernels;  // distinct ones
};

// Called with a name ("kernels", "host") and the module as it is at that point.
using DumpFunction = std::function<void(const std::string& name, mlir::ModuleOp module)>;

// Where a program's arguments come from, and where its results go.
struct ProgramEdges {
  std::vector<package::ProgramInput> inputs;
  std::vector<package::ProgramOutput> outputs;
};

// Consumes the module's contents: its ops are outlined into kernels on the way. The work of kernels
// is reported for `sizes` of the symbols. Progress: as ProgramTarget::compileKernels.
StatusOr<CompiledProgram> compileProgram(mlir::ModuleOp program, const ProgramEdges& edges,
                                         const ProgramTarget& target, const SymbolValues& sizes,
                                         const DumpFunction& dump, const Progress& progress);

}  // namespace mlc::target
