// mlc-opt: runs passes over graph modules given as text, as mlir-opt does.
#include "compiler/conversion/register_passes.h"
#include "compiler/dialect/register.h"
#include "compiler/target/cpu/register_passes.h"
#include "compiler/transforms/passes.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char** argv) {
  mlc::graph::WeightTable weights;
  mlc::transforms::registerPasses(&weights);
  mlc::conversion::registerPasses();
  mlc::cpu::registerPasses();
  mlir::registerTransformsPasses();
  mlir::DialectRegistry registry;
  mlc::registerDialects(registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "mlc-opt: passes over graph modules\n", registry));
}
