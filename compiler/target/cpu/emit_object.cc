#include "compiler/target/cpu/emit_object.h"

#include <memory>
#include <mutex>

#include "compiler/target/emit_code.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

namespace mlc::cpu {
namespace {

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
  });
}

StatusOr<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const CpuTarget& target) {
  initializeTargets();
  const llvm::Triple triple(target.isX86() ? "x86_64-unknown-linux-gnu"
                                           : "aarch64-unknown-linux-gnu");
  std::string error;
  const llvm::Target* backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend) return unsupportedError("LLVM has no backend for " + triple.str() + ": " + error);
  llvm::TargetOptions options;
  // Products join sums only where both say so (docs/architecture.md, Arithmetic).
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.isX86() ? "x86-64" : "generic", target.llvmFeatures(), options,
      llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

// Everything but the program's entry points, and what says its visibility itself, is private to the
// shared object.
void hideSymbols(llvm::Module& module, const CpuTarget& target) {
  for (llvm::Function& function : module) {
    if (!function.isDeclaration() && !function.hasLocalLinkage() &&
        function.hasDefaultVisibility() && !function.getName().starts_with("mlc_program_")) {
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
    }
    if (function.isDeclaration()) continue;
    function.addFnAttr("prefer-vector-width", std::to_string(8 * target.vectorBytes()));
    function.addFnAttr("target-features", target.llvmFeatures());
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

}  // namespace

StatusOr<std::string> emitObject(mlir::ModuleOp module, const CpuTarget& target) {
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<llvm::TargetMachine> machine, makeTargetMachine(target));
  mlc::target::CodeOptions options;
  options.tuning.LoopVectorization = true;
  // LLVM's SLP vectorizer computes unsigned numbers of 64 bits in 32 where they become floats.
  options.tuning.SLPVectorization = false;
  options.targetName = target.architectureName().str();
  return mlc::target::emitCode(module, *machine, options,
                               [&](llvm::Module& code) { hideSymbols(code, target); });
}

}  // namespace mlc::cpu
