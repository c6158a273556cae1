// mlc-opt: runs passes over graph modules given as text, as mlir-opt does.
#include "compiler/conversion/graph_to_kernels/assign_channel_blocks.h"
#include "compiler/conversion/graph_to_kernels/decompose_attention.h"
#include "compiler/conversion/math_to_arith/expand_math.h"
#include "compiler/dialect/register.h"
#include "compiler/transforms/passes.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char** argv) {
  mlc::graph::WeightTable weights;
  mlc::transforms::registerPasses(&weights);
  mlir::registerPass([] { return mlc::conversion::createDecomposeAttentionPass(); });
  mlir::registerPass([] { return mlc::math_to_arith::createExpandMathPass(); });
  mlir::registerPass([] {
    return mlc::conversion::createAssignChannelBlocksPass({.vector = 16, .panelVectors = 4});
  });
  mlir::registerTransformsPasses();
  mlir::DialectRegistry registry;
  mlc::registerDialects(registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "mlc-opt: passes over graph modules\n", registry));
}
