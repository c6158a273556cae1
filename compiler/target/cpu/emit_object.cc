#include "compiler/target/cpu/emit_object.h"

#include <memory>
#include <mutex>

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "mlir/Target/LLVMIR/Export.h"

namespace mlc::cpu {
namespace {

constexpr const char* kTriple = "x86_64-unknown-linux-gnu";

void initializeTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
}

StatusOr<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const CpuTarget& target) {
  initializeTarget();
  const llvm::Triple triple(kTriple);
  std::string error;
  const llvm::Target* backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend) return unsupportedError("LLVM has no x86-64 backend: " + error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, "x86-64", target.llvmFeatures(), options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
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

void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

}  // namespace

StatusOr<std::string> emitObject(mlir::ModuleOp module, const CpuTarget& target) {
  MLC_ASSIGN_OR_RETURN(std::unique_ptr<llvm::TargetMachine> machine, makeTargetMachine(target));
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule = mlir::translateModuleToLLVMIR(module, context, "mlc");
  if (!llvmModule) return invalidError("cannot translate a module to LLVM IR");
  llvmModule->setTargetTriple(machine->getTargetTriple());
  llvmModule->setDataLayout(machine->createDataLayout());
  hideSymbols(*llvmModule, target);
  optimize(*llvmModule, *machine);

  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager codegen;
  if (machine->addPassesToEmitFile(codegen, stream, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    return unsupportedError("LLVM cannot emit object files for x86-64");
  }
  codegen.run(*llvmModule);
  return std::string(object.begin(), object.end());
}

}  // namespace mlc::cpu
