#include "compiler/target/compile_program.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "compiler/conversion/graph_to_kernels/decompose_attention.h"
#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/conversion/host_to_llvm/lower_host.h"
#include "compiler/diagnostics.h"
#include "compiler/target/cpu/contract/contract_kernel.h"
#include "compiler/target/cpu/emit_object.h"
#include "compiler/target/cpu/link_shared_object.h"
#include "compiler/target/cpu/lower_kernel.h"
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
    return conversion::PackedLayout{layout->panel, layout->transposed};
  };
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
  std::string folder = (fs::temp_directory_path() / "mlc-link-XXXXXX").string();
  if (!mkdtemp(folder.data())) return invalidError("cannot make a folder in " + folder);
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

}  // namespace

StatusOr<CompiledProgram> compileCpuProgram(mlir::ModuleOp program, const cpu::CpuTarget& target,
                                            const DumpFunction& dump) {
  DiagnosticCollector diagnostics(program.getContext());
  mlir::PassManager passes(program.getContext());
  passes.addPass(conversion::createDecomposeAttentionPass());
  passes.addPass(mlir::createCSEPass());
  if (mlir::failed(passes.run(program)) ||
      mlir::failed(conversion::formKernels(program, cpuPolicy(target)))) {
    return diagnostics.status(StatusCode::kInvalid, "cannot form kernels");
  }
  dump("kernels", program);

  std::vector<FuncOp> kernels;
  for (FuncOp function : program.getOps<FuncOp>()) {
    if (function->hasAttr(conversion::kKernelAttr)) kernels.push_back(function);
  }
  StatusOr<std::vector<CompiledKernel>> compiled = compileKernels(kernels, target);
  if (!compiled.ok()) {
    return diagnostics.status(compiled.status().code(), compiled.status().message());
  }
  llvm::StringMap<conversion::KernelInfo> infos;
  std::vector<std::string> objects;
  for (size_t i = 0; i < kernels.size(); ++i) {
    infos[kernels[i].getName()] = (*compiled)[i].info;
    objects.push_back(std::move((*compiled)[i].object));
  }

  mlir::FailureOr<conversion::HostProgram> host = conversion::lowerHost(program, infos);
  if (mlir::failed(host)) return diagnostics.status(StatusCode::kInvalid, "cannot lower the host program");
  dump("host", *host->module);
  if (mlir::failed(cpu::lowerToLLVM(*host->module))) {
    return diagnostics.status(StatusCode::kInvalid, "cannot lower the host program to LLVM");
  }
  MLC_ASSIGN_OR_RETURN(std::string hostObject, cpu::emitObject(*host->module, target));
  objects.push_back(std::move(hostObject));

  CompiledProgram result;
  MLC_ASSIGN_OR_RETURN(result.object, link(objects));
  result.symbols = host->symbols;
  result.weights = host->weights;
  result.kernels = static_cast<int>(kernels.size());
  return result;
}

}  // namespace mlc::target
