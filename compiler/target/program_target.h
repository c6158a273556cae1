// What a rank's program is compiled for.
//
// Every program has host functions, which run on a CPU. Where its kernels and tensors are is the
// target's: the same CPU (cpu/cpu_program_target.h), an NVIDIA GPU (gpu/cuda_program_target.h) or
// the fake GPU (gpu/fake_program_target.h).
#pragma once

#include <string>
#include <vector>

#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/conversion/host_to_llvm/lower_host.h"
#include "compiler/package/program_files.h"
#include "compiler/target/cpu/cpu_target.h"
#include "compiler/target/kernel_report.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/base/progress.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::target {

// The kernels of one program.
struct CompiledKernels {
  llvm::StringMap<KernelLowering> lowerings;         // how each is computed
  llvm::StringMap<conversion::KernelInfo> infos;     // what the host functions need to know of them
  std::vector<std::string> objects;                  // ELF objects, linked with the host functions
  std::vector<package::DeviceKernel> deviceKernels;  // KernelLaunch::kernel counts these
  package::ProgramFiles files;                       // code for a device; `object` is not filled in
};

class ProgramTarget {
 public:
  explicit ProgramTarget(cpu::CpuTarget host) : host_(std::move(host)) {}
  virtual ~ProgramTarget() = default;

  // The CPU that runs the host functions.
  const cpu::CpuTarget& host() const { return host_; }

  // Two targets of the same name make the same code.
  virtual std::string name() const = 0;

  // Whose memory all tensors are in.
  virtual conversion::Memory memory() const = 0;

  // What kernels are formed for it.
  virtual conversion::KernelPolicy kernelPolicy() const = 0;

  // Lowers kernels (functions on tensors that form-kernels outlined) and compiles them; progress
  // counts them where they are compiled one by one. Errors are reported on the ops as well.
  virtual StatusOr<CompiledKernels> compileKernels(llvm::ArrayRef<mlir::func::FuncOp> kernels,
                                                   const Progress& progress) const = 0;

  // Says in the manifest what the program runs on.
  virtual void describe(package::Program& program) const = 0;

 protected:
  void describeHost(package::Program& program) const {
    program.cpu = host_.architectureName().str();
    program.cpu_features = host_.features();
  }

 private:
  cpu::CpuTarget host_;
};

}  // namespace mlc::target
