#include "compiler/target/cpu/lower_kernel.h"

#include "compiler/conversion/graph_to_loops/lower_to_loops.h"
#include "compiler/conversion/math_to_arith/expand_math.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/target/cpu/attention/attention_kernel.h"
#include "compiler/target/cpu/bfloat16.h"
#include "compiler/target/cpu/contract/contract_kernel.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

namespace mlc::cpu {
namespace {

void addLoweringPasses(mlir::OpPassManager& passes) {
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  passes.addPass(mlir::createLoopInvariantCodeMotionPass());
  passes.addPass(math_to_arith::createExpandMathPass());
  passes.addPass(mlir::createConvertVectorToSCFPass());
  passes.addPass(mlir::createSCFToControlFlowPass());
  passes.addPass(mlir::memref::createExpandStridedMetadataPass());
  passes.addPass(mlir::createLowerAffinePass());
  passes.addPass(createConvertIntegersThroughF32Pass());
  mlir::arith::ArithExpandOpsPassOptions expansion;
  expansion.includeBf16 = true;
  passes.addPass(mlir::arith::createArithExpandOpsPass(expansion));
  passes.addPass(mlir::createConvertVectorToLLVMPass());
  passes.addPass(mlir::createConvertMathToLLVMPass());
  passes.addPass(mlir::createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(mlir::createArithToLLVMConversionPass());
  passes.addPass(mlir::createConvertIndexToLLVMPass());
  passes.addPass(mlir::createConvertControlFlowToLLVMPass());
  mlir::ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = true;
  passes.addPass(mlir::createConvertFuncToLLVMPass(options));
  passes.addPass(mlir::createReconcileUnrealizedCastsPass());
  passes.addPass(createRepresentBFloat16AsIntegersPass());
}

}  // namespace

mlir::FailureOr<LoweredKernel> lowerKernel(mlir::func::FuncOp kernel, const CpuTarget& target,
                                           mlir::OpBuilder& builder) {
  LoweredKernel result;
  mlir::FailureOr<mlir::func::FuncOp> function;
  const ContractMatch contract = matchContract(kernel);
  if (contract.kernel) {
    result.lowering = {"micro-kernel", ""};
    function = lowerContractKernel(*contract.kernel, target, builder);
  } else if (const auto operands = matchAttention(kernel); mlir::succeeded(operands)) {
    result.lowering = {"attention", ""};
    function = lowerAttentionKernel(kernel, *operands, target, builder);
  } else {
    result.lowering = {"loops", contract.obstacle};
    function = conversion::lowerToLoops(kernel, builder, conversion::Sharing::kRows);
  }
  if (mlir::failed(function)) return mlir::failure();
  result.function = *function;
  return result;
}

llvm::LogicalResult lowerToLLVM(mlir::ModuleOp module) {
  mlir::PassManager passes(module.getContext());
  addLoweringPasses(passes);
  return passes.run(module);
}

void registerLoweringDialects(mlir::DialectRegistry& registry) {
  registry.insert<attr::MlcDialect, mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                  mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect,
                  mlir::affine::AffineDialect>();
  // Kernels are lowered on several threads at once, none of which may load a dialect.
  mlir::OpPassManager passes(mlir::ModuleOp::getOperationName());
  addLoweringPasses(passes);
  passes.getDependentDialects(registry);
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

}  // namespace mlc::cpu
