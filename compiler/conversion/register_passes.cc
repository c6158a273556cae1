#include "compiler/conversion/register_passes.h"

#include "compiler/conversion/graph_to_kernels/assign_channel_blocks.h"
#include "compiler/conversion/graph_to_kernels/decompose_attention.h"
#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/conversion/graph_to_kernels/move_weights_right.h"
#include "compiler/conversion/graph_to_kernels/moved_yields.h"
#include "compiler/conversion/graph_to_kernels/operand_checks.h"
#include "compiler/conversion/graph_to_loops/lower_kernels.h"
#include "compiler/conversion/math_to_arith/expand_math.h"
#include "compiler/conversion/plan_memory/print_memory_plan.h"
#include "mlir/Pass/PassRegistry.h"

namespace mlc::conversion {

void registerPasses() {
  mlir::registerPass([] { return createDecomposeAttentionPass(); });
  mlir::registerPass(
      [] { return createAssignChannelBlocksPass({.vector = 16, .panelVectors = 4}); });
  mlir::registerPass([] { return createCopyMovedYieldsPass(); });
  mlir::registerPass([] { return createAddOperandChecksPass(); });
  mlir::registerPass([] { return createMoveWeightsRightPass(); });
  mlir::registerPass([] { return createFormKernelsPass(); });
  mlir::registerPass([] { return createLowerKernelsToLoopsPass(); });
  mlir::registerPass([] { return math_to_arith::createExpandMathPass(); });
  mlir::registerPass([] { return createPrintMemoryPlanPass(llvm::outs()); });
}

}  // namespace mlc::conversion
