// The pass "lower-kernels-to-loops": every kernel of the module by itself, as lower_to_loops.h
// says; its option `sharing` is rows (for CPUs, the default) or elements (for GPUs). It fails where
// a kernel is called: calls are lowered with the host functions (host_to_llvm).
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createLowerKernelsToLoopsPass();

}  // namespace mlc::conversion
