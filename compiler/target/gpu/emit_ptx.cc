#include "compiler/target/gpu/emit_ptx.h"

#include <memory>
#include <mutex>

#include "compiler/target/emit_code.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

namespace mlc::gpu {
namespace {

constexpr const char* kTriple = "nvptx64-nvidia-cuda";

void initializeTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

StatusOr<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const GpuTarget& target) {
  initializeTarget();
  const llvm::Triple triple(kTriple);
  std::string error;
  const llvm::Target* backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend) return unsupportedError("LLVM has no NVPTX backend: " + error);
  llvm::TargetOptions options;
  // Products join sums only where both say so (docs/architecture.md, Arithmetic).
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(
      backend->createTargetMachine(triple, target.name(), target.ptxFeature(), options,
                                   std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

}  // namespace

StatusOr<std::string> emitPtx(mlir::ModuleOp module, const GpuTarget& target) {
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<llvm::TargetMachine> machine, makeTargetMachine(target));
  mlc::target::CodeOptions options;
  options.fileType = llvm::CodeGenFileType::AssemblyFile;
  options.targetName = "NVPTX";
  return mlc::target::emitCode(module, *machine, options, [](llvm::Module& kernels) {
    for (llvm::Function& function : kernels) {
      // A call would pass what the entry knows by way of memory.
      if (function.hasInternalLinkage()) function.addFnAttr(llvm::Attribute::AlwaysInline);
    }
  });
}

}  // namespace mlc::gpu
