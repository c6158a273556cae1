// The entry of an NVIDIA kernel, run on the CPU with variables in place of the special registers.
#include "compiler/target/gpu/device_entry.h"

#include <gtest/gtest.h>

#include "compiler/target/cpu/emit_object.h"
#include "compiler/target/cpu/link_shared_object.h"
#include "compiler/target/gpu/kernel_file_for_test.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "runtime/base/shared_object.h"

namespace mlc::gpu {
namespace {

namespace LLVM = mlir::LLVM;
namespace NVVM = mlir::NVVM;

// Stores symbol + thread + 1000 * threads into seen[thread].
constexpr char kModule[] = R"(
llvm.mlir.global external @ctaid(0 : i32) : i32
llvm.mlir.global external @tid(0 : i32) : i32
llvm.mlir.global external @nctaid(0 : i32) : i32
llvm.mlir.global external @ntid(0 : i32) : i32
llvm.func @k(%thread: i64, %threads: i64, %symbol: i64, %seen: !llvm.ptr) {
  %thousand = llvm.mlir.constant(1000 : i64) : i64
  %scaled = llvm.mul %threads, %thousand : i64
  %sum = llvm.add %thread, %scaled : i64
  %value = llvm.add %sum, %symbol : i64
  %slot = llvm.getelementptr %seen[%thread] : (!llvm.ptr, i64) -> !llvm.ptr, i64
  llvm.store %value, %slot : i64, !llvm.ptr
  llvm.return
})";

mlir::DialectRegistry registry() {
  mlir::DialectRegistry registry;
  cpu::registerLoweringDialects(registry);
  registerLoweringDialects(registry);
  return registry;
}

template <typename Register>
void replaceRegister(LLVM::LLVMFuncOp entry, llvm::StringRef variable) {
  llvm::SmallVector<Register> reads(entry.getOps<Register>());
  ASSERT_EQ(reads.size(), 1u) << variable.str();
  mlir::OpBuilder b(reads[0]);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  mlir::Value address = LLVM::AddressOfOp::create(b, reads[0].getLoc(), pointer, variable);
  mlir::Value value = LLVM::LoadOp::create(b, reads[0].getLoc(), b.getI32Type(), address);
  reads[0].replaceAllUsesWith(value);
  reads[0].erase();
}

TEST(DeviceEntry, EveryThreadOfALaunchHasANumberOfItsOwn) {
  mlir::MLIRContext context(registry());
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(kModule, &context);
  ASSERT_TRUE(module);
  LLVM::LLVMFuncOp entry = addCudaEntry(module->lookupSymbol<LLVM::LLVMFuncOp>("k"));
  EXPECT_TRUE(entry->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()));
  entry->removeAttr(NVVM::NVVMDialect::getKernelFuncAttrName());
  entry->removeAttr(NVVM::NVVMDialect::getReqntidAttrName());
  entry.setVisibility_(LLVM::Visibility::Protected);
  replaceRegister<NVVM::BlockIdXOp>(entry, "ctaid");
  replaceRegister<NVVM::ThreadIdXOp>(entry, "tid");
  replaceRegister<NVVM::GridDimXOp>(entry, "nctaid");
  replaceRegister<NVVM::BlockDimXOp>(entry, "ntid");

  auto object = cpu::emitObject(*module, cpu::CpuTarget::host());
  ASSERT_TRUE(object.ok()) << object.status().message();
  auto linked = cpu::linkSharedObject({*object});
  ASSERT_TRUE(linked.ok()) << linked.status().message();
  const std::string path = testing::TempDir() + "entry.so";
  std::ofstream(path, std::ios::binary) << *linked;
  auto loaded = SharedObject::load(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  auto variable = [&](const char* name) { return static_cast<int32_t*>((*loaded)->find(name)); };
  auto kernel = reinterpret_cast<void (*)(int64_t, int64_t*)>((*loaded)->find("k"));
  ASSERT_TRUE(kernel && variable("ctaid"));

  constexpr int32_t kBlocks = 3, kBlockThreads = 5;
  std::vector<int64_t> seen(kBlocks * kBlockThreads, -1);
  *variable("nctaid") = kBlocks;
  *variable("ntid") = kBlockThreads;
  for (int32_t block = 0; block < kBlocks; ++block) {
    for (int32_t thread = 0; thread < kBlockThreads; ++thread) {
      *variable("ctaid") = block;
      *variable("tid") = thread;
      kernel(7, seen.data());
    }
  }
  for (int64_t i = 0; i < kBlocks * kBlockThreads; ++i) EXPECT_EQ(seen[i], 7 + i + 15000) << i;
}

}  // namespace
}  // namespace mlc::gpu
