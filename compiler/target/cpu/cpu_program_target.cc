#include "compiler/target/cpu/cpu_program_target.h"

#include <atomic>

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/target/cpu/attention/attention_kernel.h"
#include "compiler/target/cpu/contract/contract_kernel.h"
#include "compiler/target/cpu/emit_object.h"
#include "compiler/target/cpu/lower_kernel.h"
#include "tbb/parallel_for.h"

namespace mlc::cpu {
namespace {

using mlir::func::FuncOp;

struct CompiledKernel {
  std::string object;
  conversion::KernelInfo info;
  target::KernelLowering lowering;
};

// Lowers one kernel in a module of its own.
StatusOr<CompiledKernel> compileKernel(FuncOp kernel, const CpuTarget& target) {
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(kernel.getLoc());
  auto builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  mlir::FailureOr<LoweredKernel> lowered = lowerKernel(kernel, target, builder);
  if (mlir::failed(lowered)) return unsupportedError("cannot lower " + kernel.getName().str());
  CompiledKernel result;
  result.info.symbols = conversion::symbolsOf(kernel);
  result.info.scratchBytes = attr::scratchBytesOf(lowered->function);
  result.lowering = std::move(lowered->lowering);
  if (mlir::failed(lowerToLLVM(*module))) {
    return unsupportedError("cannot lower " + kernel.getName().str() + " to LLVM");
  }
  MLC_ASSIGN_OR_RETURN(result.object, emitObject(*module, target));
  return result;
}

}  // namespace

conversion::KernelPolicy CpuProgramTarget::kernelPolicy() const {
  conversion::KernelPolicy policy;
  policy.packedLayout = [&cpu = host()](graph::ContractOp op) -> attr::PanelsAttr {
    const std::optional<PanelLayout> layout = packedOperandLayout(op, cpu);
    if (!layout) return {};
    return attr::PanelsAttr::get(op.getContext(), layout->panel, layout->group, layout->transposed);
  };
  constexpr int64_t kFloatBytes = 4;
  policy.channelBlocks = {host().vectorBytes() / kFloatBytes, host().tileVectors()};
  policy.keepsAttention = hasAttentionKernel;
  return policy;
}

StatusOr<target::CompiledKernels> CpuProgramTarget::compileKernels(llvm::ArrayRef<FuncOp> functions,
                                                                   const Progress& progress) const {
  std::vector<CompiledKernel> compiled(functions.size());
  std::vector<Status> statuses(functions.size());
  std::atomic<size_t> done = 0;
  tbb::parallel_for(size_t{0}, functions.size(), [&](size_t i) {
    StatusOr<CompiledKernel> kernel = compileKernel(functions[i], host());
    if (kernel.ok()) {
      compiled[i] = *std::move(kernel);
    } else {
      statuses[i] = kernel.status();
    }
    if (progress) progress(++done, functions.size());
  });
  for (const Status& status : statuses) MLC_RETURN_IF_ERROR(status);
  target::CompiledKernels kernels;
  for (size_t i = 0; i < functions.size(); ++i) {
    FuncOp function = functions[i];
    kernels.lowerings[function.getName()] = std::move(compiled[i].lowering);
    kernels.infos[function.getName()] = std::move(compiled[i].info);
    kernels.objects.push_back(std::move(compiled[i].object));
  }
  return kernels;
}

void CpuProgramTarget::describe(package::Program& program) const {
  program.target = "cpu";
  describeHost(program);
}

}  // namespace mlc::cpu
