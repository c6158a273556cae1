#include "compiler/target/cpu/register_passes.h"

#include "compiler/target/cpu/bfloat16.h"
#include "mlir/Pass/PassRegistry.h"

namespace mlc::cpu {

void registerPasses() {
  mlir::registerPass([] { return createConvertIntegersThroughF32Pass(); });
  mlir::registerPass([] { return createRepresentBFloat16AsIntegersPass(); });
}

}  // namespace mlc::cpu
