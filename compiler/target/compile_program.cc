#include "compiler/target/compile_program.h"

#include <vector>

#include "compiler/conversion/graph_to_kernels/assign_channel_blocks.h"
#include "compiler/conversion/graph_to_kernels/decompose_attention.h"
#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/conversion/graph_to_kernels/move_weights_right.h"
#include "compiler/conversion/graph_to_kernels/moved_yields.h"
#include "compiler/conversion/graph_to_kernels/operand_checks.h"
#include "compiler/conversion/graph_to_kernels/reference_elements.h"
#include "compiler/conversion/host_to_llvm/lower_host.h"
#include "compiler/diagnostics.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/target/cpu/emit_object.h"
#include "compiler/target/cpu/link_shared_object.h"
#include "compiler/target/cpu/lower_kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "runtime/package/program_interface.h"

namespace mlc::target {
namespace {

using mlir::func::FuncOp;

llvm::LogicalResult formKernels(mlir::ModuleOp program, const ProgramTarget& target) {
  const conversion::KernelPolicy policy = target.kernelPolicy();
  mlir::PassManager passes(program.getContext());
  passes.addPass(conversion::createDecomposeAttentionPass(policy));
  if (policy.channelBlocks) {
    passes.addPass(conversion::createAssignChannelBlocksPass(*policy.channelBlocks));
  }
  passes.addPass(mlir::createCSEPass());
  passes.addPass(conversion::createCopyMovedYieldsPass());
  passes.addPass(conversion::createAddOperandChecksPass());
  passes.addPass(conversion::createMoveWeightsRightPass());
  passes.addPass(conversion::createFormKernelsPass(policy));
  return passes.run(program);
}

std::vector<FuncOp> kernelsOf(mlir::ModuleOp program) {
  std::vector<FuncOp> kernels;
  for (FuncOp function : program.getOps<FuncOp>()) {
    if (attr::isKernel(function)) kernels.push_back(function);
  }
  return kernels;
}

// As runtime/abi/abi.h asks for it.
void exportInterface(mlir::ModuleOp host, const std::string& interface) {
  auto builder = mlir::OpBuilder::atBlockEnd(host.getBody());
  const std::string text = interface + '\0';
  auto type = mlir::LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
  mlir::LLVM::GlobalOp::create(builder, host.getLoc(), type, /*isConstant=*/true,
                               mlir::LLVM::Linkage::External, "mlc_program_interface",
                               builder.getStringAttr(text));
}

}  // namespace

StatusOr<CompiledProgram> compileProgram(mlir::ModuleOp program, const ProgramEdges& edges,
                                         const ProgramTarget& target, const SymbolValues& sizes,
                                         const DumpFunction& dump, const Progress& progress) {
  DiagnosticCollector diagnostics(program.getContext());
  if (mlir::failed(formKernels(program, target))) {
    return diagnostics.status(StatusCode::kInvalid, "cannot form kernels");
  }
  dump("kernels", program);

  const std::vector<FuncOp> functions = kernelsOf(program);
  for (FuncOp function : functions) conversion::makeReferencesIntegers(function);
  StatusOr<CompiledKernels> kernels = target.compileKernels(functions, progress);
  if (!kernels.ok()) {
    return diagnostics.status(kernels.status().code(), kernels.status().message());
  }

  mlir::FailureOr<conversion::HostProgram> host =
      conversion::lowerHost(program, kernels->infos, target.memory());
  if (mlir::failed(host)) {
    return diagnostics.status(StatusCode::kInvalid, "cannot lower the host program");
  }
  dump("host", *host->module);
  if (mlir::failed(cpu::lowerToLLVM(*host->module))) {
    return diagnostics.status(StatusCode::kInvalid, "cannot lower the host program to LLVM");
  }
  CompiledProgram result;
  target.describe(result.description);
  result.description.symbols = host->symbols;
  result.description.inputs = edges.inputs;
  result.description.outputs = edges.outputs;
  result.description.weights = host->weights;
  result.description.states = host->states;
  result.description.device_kernels = std::move(kernels->deviceKernels);
  exportInterface(*host->module, package::interfaceOf(result.description, host->contents));
  std::vector<std::string> objects = std::move(kernels->objects);
  MLC_ASSIGN_OR_RETURN(objects.emplace_back(), cpu::emitObject(*host->module, target.host()));

  result.files = std::move(kernels->files);
  MLC_ASSIGN_OR_RETURN(result.files.object, cpu::linkSharedObject(objects));
  result.kernels = reportKernels(program, kernels->lowerings, sizes);
  return result;
}

}  // namespace mlc::target
