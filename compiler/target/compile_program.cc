#include "compiler/target/compile_program.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/conversion/graph_to_kernels/decompose_attention.h"
#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/conversion/host_to_llvm/lower_host.h"
#include "compiler/diagnostics.h"
#include "compiler/target/cpu/attention/attention_kernel.h"
#include "compiler/target/cpu/contract/contract_kernel.h"
#include "compiler/target/cpu/emit_object.h"
#include "compiler/target/cpu/link_shared_object.h"
#include "compiler/target/cpu/lower_kernel.h"
#include "compiler/target/gpu/compile_device_kernels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "tbb/parallel_for.h"

namespace mlc::target {
namespace {

using mlir::func::FuncOp;

conversion::KernelPolicy cpuPolicy(const cpu::CpuTarget& target) {
  conversion::KernelPolicy policy;
  policy.packedLayout = [&target](graph::ContractOp op) -> std::optional<conversion::PackedLayout> {
    std::optional<cpu::PanelLayout> layout = cpu::packedOperandLayout(op, target);
    if (!layout) return std::nullopt;
    return conversion::PackedLayout{layout->panel, layout->transposed, layout->group};
  };
  policy.keepsAttention = cpu::hasAttentionKernel;
  return policy;
}

struct CompiledKernel {
  std::string object;
  conversion::KernelInfo info;
};

// Lowers one kernel in a module of its own.
StatusOr<CompiledKernel> compileKernel(FuncOp kernel, const cpu::CpuTarget& target) {
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(kernel.getLoc());
  auto builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  const std::vector<std::string> symbols = conversion::symbolsOf(kernel);
  mlir::FailureOr<FuncOp> lowered = cpu::lowerKernel(kernel, target, builder);
  if (mlir::failed(lowered)) return invalidError("cannot lower " + kernel.getName().str());
  CompiledKernel result;
  result.info.symbols = symbols;
  if (auto scratch = (*lowered)->getAttrOfType<mlir::StringAttr>("mlc.scratch_bytes")) {
    MLC_ASSIGN_OR_RETURN(result.info.scratchBytes, DimExpr::parse(scratch.getValue().str()));
  }
  if (mlir::failed(cpu::lowerToLLVM(*module))) {
    return invalidError("cannot lower " + kernel.getName().str() + " to LLVM");
  }
  MLC_ASSIGN_OR_RETURN(result.object, cpu::emitObject(*module, target));
  return result;
}

StatusOr<std::vector<CompiledKernel>> compileKernels(const std::vector<FuncOp>& kernels,
                                                     const cpu::CpuTarget& target) {
  std::vector<CompiledKernel> compiled(kernels.size());
  std::vector<Status> statuses(kernels.size());
  tbb::parallel_for(size_t{0}, kernels.size(), [&](size_t i) {
    StatusOr<CompiledKernel> kernel = compileKernel(kernels[i], target);
    if (kernel.ok()) {
      compiled[i] = *std::move(kernel);
    } else {
      statuses[i] = kernel.status();
    }
  });
  for (const Status& status : statuses) MLC_RETURN_IF_ERROR(status);
  return compiled;
}

// Links in a private folder and returns the shared object's bytes.
StatusOr<std::string> link(const std::vector<std::string>& objects) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "mlc-link-XXXXXX").string();
  if (error) return invalidError("TMPDIR is no folder for temporary files: " + error.message());
  if (!mkdtemp(folder.data()))
    return invalidError("cannot make temporary folder " + folder + ": " + std::strerror(errno));
  const std::string path = folder + "/program.so";
  Status status = cpu::linkSharedObject(objects, path);
  std::string bytes;
  if (status.ok()) {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
    if (!file) status = invalidError("cannot read " + path);
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (!status.ok()) return status;
  return bytes;
}

// The kernels of a program, compiled, and what the host needs to know of them.
struct Kernels {
  llvm::StringMap<conversion::KernelInfo> infos;
  std::vector<std::string> objects;  // to be linked with the host functions
};

StatusOr<Kernels> compileForCpu(const std::vector<FuncOp>& functions,
                                const cpu::CpuTarget& target) {
  MLC_ASSIGN_OR_RETURN(std::vector<CompiledKernel> compiled, compileKernels(functions, target));
  Kernels kernels;
  for (size_t i = 0; i < functions.size(); ++i) {
    FuncOp function = functions[i];
    kernels.infos[function.getName()] = compiled[i].info;
    kernels.objects.push_back(std::move(compiled[i].object));
  }
  return kernels;
}

StatusOr<Kernels> compileForDevice(const std::vector<FuncOp>& functions,
                                   const ProgramTarget& target, CompiledProgram& result) {
  MLC_ASSIGN_OR_RETURN(gpu::DeviceKernels compiled,
                       gpu::compileDeviceKernels(functions, *target.gpu, target.cpu));
  result.ptx = std::move(compiled.ptx);
  if (!compiled.object.empty()) {
    MLC_ASSIGN_OR_RETURN(result.emulation, link({std::move(compiled.object)}));
  }
  Kernels kernels;
  for (const gpu::DeviceKernelInfo& kernel : compiled.kernels) {
    conversion::KernelInfo& info = kernels.infos[kernel.name];
    info.symbols = kernel.symbols;
    info.launch = {static_cast<int64_t>(result.deviceKernels.size()), kernel.points,
                   gpu::kBlockThreads, gpu::kMaxBlocks};
    result.deviceKernels.push_back({kernel.name});
  }
  return kernels;
}

}  // namespace

StatusOr<CompiledProgram> compileProgram(mlir::ModuleOp program, const ProgramTarget& target,
                                         const DumpFunction& dump) {
  DiagnosticCollector diagnostics(program.getContext());
  mlir::PassManager passes(program.getContext());
  const conversion::KernelPolicy policy =
      target.gpu ? conversion::KernelPolicy() : cpuPolicy(target.cpu);
  passes.addPass(conversion::createDecomposeAttentionPass(policy));
  passes.addPass(mlir::createCSEPass());
  if (mlir::failed(passes.run(program)) || mlir::failed(conversion::formKernels(program, policy))) {
    return diagnostics.status(StatusCode::kInvalid, "cannot form kernels");
  }
  dump("kernels", program);

  std::vector<FuncOp> functions;
  for (FuncOp function : program.getOps<FuncOp>()) {
    if (function->hasAttr(conversion::kKernelAttr)) functions.push_back(function);
  }
  CompiledProgram result;
  StatusOr<Kernels> kernels = target.gpu ? compileForDevice(functions, target, result)
                                         : compileForCpu(functions, target.cpu);
  if (!kernels.ok()) {
    return diagnostics.status(kernels.status().code(), kernels.status().message());
  }

  const auto memory = target.gpu ? conversion::Memory::kDevice : conversion::Memory::kHost;
  mlir::FailureOr<conversion::HostProgram> host =
      conversion::lowerHost(program, kernels->infos, memory);
  if (mlir::failed(host)) {
    return diagnostics.status(StatusCode::kInvalid, "cannot lower the host program");
  }
  dump("host", *host->module);
  if (mlir::failed(cpu::lowerToLLVM(*host->module))) {
    return diagnostics.status(StatusCode::kInvalid, "cannot lower the host program to LLVM");
  }
  MLC_ASSIGN_OR_RETURN(std::string hostObject, cpu::emitObject(*host->module, target.cpu));
  kernels->objects.push_back(std::move(hostObject));

  MLC_ASSIGN_OR_RETURN(result.object, link(kernels->objects));
  result.symbols = host->symbols;
  result.weights = host->weights;
  result.kernels = static_cast<int>(functions.size());
  return result;
}

}  // namespace mlc::target
