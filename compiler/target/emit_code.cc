#include "compiler/target/emit_code.h"

#include <memory>

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Target/LLVMIR/Export.h"

namespace mlc::target {
namespace {

void optimize(llvm::Module& module, llvm::TargetMachine& machine,
              const llvm::PipelineTuningOptions& tuning) {
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

StatusOr<std::string> emitCode(mlir::ModuleOp module, llvm::TargetMachine& machine,
                               const CodeOptions& options,
                               llvm::function_ref<void(llvm::Module&)> prepare) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, "mlc");
  if (!translated) {
    return invalidError("cannot translate a module for " + options.targetName + " to LLVM IR");
  }
  translated->setTargetTriple(machine.getTargetTriple());
  translated->setDataLayout(machine.createDataLayout());
  prepare(*translated);
  optimize(*translated, machine, options.tuning);

  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, options.fileType)) {
    return unsupportedError("LLVM cannot emit code for " + options.targetName);
  }
  passes.run(*translated);
  return std::string(code.begin(), code.end());
}

}  // namespace mlc::target
