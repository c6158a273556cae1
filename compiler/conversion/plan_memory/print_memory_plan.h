// The pass "print-memory-plan": prints where plan_memory.h puts the tensors of each host function.
#pragma once

#include <memory>

#include "llvm/Support/raw_ostream.h"
#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createPrintMemoryPlanPass(llvm::raw_ostream& out);

}  // namespace mlc::conversion
