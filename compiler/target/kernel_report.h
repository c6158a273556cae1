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
struct KernelLowering {
  std::string name;    // "micro-kernel", "attention", "loops"
  std::string reason;  // why it is not a faster one; empty where there is none
};

struct KernelReport {
  std::string kernel, lowering, reason;
  std::string kind;   // the op with most of the arithmetic, as the planner calls it
  int64_t calls = 0;  // in a run of the program (one microbatch); a loop's body counts once
  // Of one call: arithmetic; what is read of the arguments, and the results.
  double operations = 0, bytes = 0;
};

// The kernels of a program (after form-kernels), in its order. `sizes` gives symbols their values;
// one that has none counts as 1, and a size that cannot be evaluated as 0.
std::vector<KernelReport> reportKernels(mlir::ModuleOp program,
                                        const llvm::StringMap<KernelLowering>& lowerings,
                                        const SymbolValues& sizes);

}  // namespace mlc::target
