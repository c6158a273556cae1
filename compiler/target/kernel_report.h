// What is said of the kernels of a compiled program: which code computes each, how much work it is,
// and what makes it slower than it need be.
#pragma once

#include <string>
#include <vector>

#include "llvm/ADT/StringMap.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/dim_expr.h"

namespace mlc::target {

// The code that a target chose for a kernel.
struct KernelPath {
  std::string name;    // "micro-kernel", "attention", "loops"
  std::string reason;  // why it is not a faster one; empty where there is none
};

struct KernelReport {
  std::string kernel, path, reason;
  int64_t calls = 0;                 // in a run; a loop's body counts once
  double operations = 0, bytes = 0;  // of one call: arithmetic; arguments and results
};

// The kernels of a program (after form-kernels), in its order. `sizes` gives every symbol a value;
// a symbol that has none counts as 1.
std::vector<KernelReport> reportKernels(mlir::ModuleOp program,
                                        const llvm::StringMap<KernelPath>& paths,
                                        const SymbolValues& sizes);

}  // namespace mlc::target
