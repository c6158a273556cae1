#include "compiler/target/gpu/lower_device_kernels.h"

#include "compiler/conversion/graph_to_loops/lower_to_loops.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/target/cpu/lower_kernel.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"

namespace mlc::gpu {
namespace {

namespace LLVM = mlir::LLVM;
using mlir::func::FuncOp;

// Says what NVPTX could not select, which would otherwise end the process.
llvm::LogicalResult checkForGpu(mlir::ModuleOp module) {
  mlir::WalkResult result = module.walk([&](mlir::Operation* op) {
    if (mlir::isa<LLVM::ExpOp, LLVM::LogOp, LLVM::PowOp, LLVM::SinOp, LLVM::CosOp>(op)) {
      op->emitError("GPU kernels have no ")
          << op->getName().getStringRef() << " of " << op->getResult(0).getType();
      return mlir::WalkResult::interrupt();
    }
    if (auto call = mlir::dyn_cast<LLVM::CallOp>(op)) {
      auto callee =
          call.getCallee() ? module.lookupSymbol<LLVM::LLVMFuncOp>(*call.getCallee()) : nullptr;
      if (!callee || callee.isExternal()) {
        op->emitError("GPU kernels have no function '") << call.getCallee().value_or("?") << "'";
        return mlir::WalkResult::interrupt();
      }
    }
    return mlir::WalkResult::advance();
  });
  return llvm::failure(result.wasInterrupted());
}

StatusOr<DeviceKernelInfo> lowerToPoints(FuncOp kernel, mlir::ModuleOp module) {
  DeviceKernelInfo info;
  info.name = kernel.getName().str();
  info.symbols = conversion::symbolsOf(kernel);
  auto builder = mlir::OpBuilder::atBlockEnd(module.getBody());
  mlir::FailureOr<FuncOp> lowered =
      conversion::lowerToLoops(kernel, builder, conversion::Sharing::kElements);
  if (mlir::failed(lowered)) return unsupportedError("cannot lower " + info.name);
  info.points = attr::pointsOf(*lowered);
  return info;
}

}  // namespace

StatusOr<LoweredDeviceKernels> lowerDeviceKernels(llvm::ArrayRef<FuncOp> kernels) {
  LoweredDeviceKernels result;
  FuncOp first = kernels.front();
  result.module = mlir::ModuleOp::create(first.getLoc());
  for (FuncOp kernel : kernels) {
    MLC_ASSIGN_OR_RETURN(DeviceKernelInfo info, lowerToPoints(kernel, *result.module));
    result.kernels.push_back(std::move(info));
  }
  if (mlir::failed(cpu::lowerToLLVM(*result.module)) || mlir::failed(checkForGpu(*result.module))) {
    return unsupportedError("cannot lower device kernels to LLVM");
  }
  return result;
}

target::CompiledKernels launchesOf(llvm::ArrayRef<DeviceKernelInfo> kernels) {
  target::CompiledKernels result;
  for (const DeviceKernelInfo& kernel : kernels) {
    result.lowerings[kernel.name].name = "loops";
    conversion::KernelInfo& info = result.infos[kernel.name];
    info.symbols = kernel.symbols;
    info.launch = {static_cast<int64_t>(result.deviceKernels.size()), kernel.points, kBlockThreads,
                   kMaxBlocks};
    result.deviceKernels.push_back({kernel.name});
  }
  return result;
}

void registerLoweringDialects(mlir::DialectRegistry& registry) {
  registry.insert<mlir::NVVM::NVVMDialect>();
  mlir::registerNVVMDialectTranslation(registry);
}

}  // namespace mlc::gpu
