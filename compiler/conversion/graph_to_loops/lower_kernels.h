// The pass "lower-kernels-to-loops": every kernel of the module by itself, as lower_to_loops.h
// says. Calls of kernels are left as they are, so that it is for modules of kernels alone.
#pragma once

#include <memory>

#include "compiler/conversion/graph_to_loops/kernel_frame.h"
#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createLowerKernelsToLoopsPass(Sharing sharing = Sharing::kRows);

}  // namespace mlc::conversion
