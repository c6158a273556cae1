// The PTX of device kernels: its entries, and that NVIDIA's assembler takes it where that is
// installed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "compiler/target/gpu/cuda_program_target.h"
#include "compiler/target/gpu/kernel_file_for_test.h"
#include "llvm/Support/Program.h"

namespace mlc::gpu {
namespace {

constexpr const char* kFiles[] = {"kernels.mlir", "rows.mlir"};

StatusOr<target::CompiledKernels> compile(KernelFile& file, const std::string& target) {
  MLC_ASSIGN_OR_RETURN(GpuTarget gpu, GpuTarget::named(target));
  return CudaProgramTarget(std::move(gpu), cpu::CpuTarget::host()).compileKernels(file.kernels, {});
}

// $MLC_PTXAS, or ptxas on the path or where the CUDA toolkit puts it; empty: there is none.
std::string findPtxas() {
  if (const char* named = std::getenv("MLC_PTXAS")) return named;
  if (auto found = llvm::sys::findProgramByName("ptxas")) return *found;
  if (auto found = llvm::sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"})) return *found;
  return "";
}

struct Assembled {
  int exitCode = 0;
  std::string messages;
};

Assembled assemble(const std::string& ptxas, const std::string& ptx, const std::string& target) {
  const std::string base = testing::TempDir() + target;
  std::ofstream(base + ".ptx") << ptx;
  std::string error;
  Assembled result;
  const std::string log = base + ".log", input = base + ".ptx", output = base + ".cubin";
  const std::string arch = "-arch=" + target;
  // It would be written over, but not cut.
  std::filesystem::remove(log);
  result.exitCode = llvm::sys::ExecuteAndWait(
      ptxas, {ptxas, "-v", arch, input, "-o", output}, std::nullopt,
      {std::nullopt, llvm::StringRef(log), llvm::StringRef(log)}, 120, 0, &error);
  std::stringstream text;
  text << std::ifstream(log).rdbuf() << error;
  result.messages = text.str();
  return result;
}

class Ptx : public testing::TestWithParam<const char*> {};

TEST_P(Ptx, HasAnEntryForEveryKernelAndCallsNothing) {
  const std::string target = GetParam();
  for (const char* name : kFiles) {
    SCOPED_TRACE(name);
    KernelFile file(std::string("compiler/target/gpu/testdata/") + name);
    auto compiled = compile(file, target);
    ASSERT_TRUE(compiled.ok()) << compiled.status().message() << file.messages;
    EXPECT_TRUE(compiled->files.emulation.empty());
    const llvm::StringRef ptx = compiled->files.ptx;
    EXPECT_TRUE(ptx.contains(".target " + target + "\n")) << ptx.take_front(300).str();
    EXPECT_TRUE(ptx.contains(".reqntid 256"));
    EXPECT_FALSE(ptx.contains(".extern"));
    EXPECT_FALSE(ptx.contains("call"));
    EXPECT_EQ(ptx.count(".visible .entry"), file.kernels.size());
    for (const package::DeviceKernel& kernel : compiled->deviceKernels) {
      EXPECT_TRUE(ptx.contains(".visible .entry " + kernel.name + "(")) << kernel.name;
    }
    // Parameters are known to lie in global memory.
    EXPECT_TRUE(ptx.contains("ld.global"));
    EXPECT_TRUE(ptx.contains("st.global"));
    EXPECT_FALSE(ptx.contains("\tst.b32")) << "stores go through generic addresses";
  }
}

TEST_P(Ptx, IsTakenByTheAssemblerWithoutSpills) {
  const std::string target = GetParam(), ptxas = findPtxas();
  if (ptxas.empty())
    GTEST_SKIP() << "SKIPPED: no ptxas on the path, in /usr/local/cuda/bin or in $MLC_PTXAS";
  for (const char* name : kFiles) {
    SCOPED_TRACE(name);
    KernelFile file(std::string("compiler/target/gpu/testdata/") + name);
    auto compiled = compile(file, target);
    ASSERT_TRUE(compiled.ok()) << compiled.status().message() << file.messages;
    const Assembled result = assemble(ptxas, compiled->files.ptx, target);
    EXPECT_EQ(result.exitCode, 0) << result.messages;
    EXPECT_TRUE(llvm::StringRef(result.messages).contains("Compiling entry function"))
        << result.messages;
    for (llvm::StringRef line : llvm::split(result.messages, '\n')) {
      if (line.contains("spill stores"))
        EXPECT_TRUE(line.contains(" 0 bytes spill stores")) << line.str();
    }
  }
}

TEST_P(Ptx, IsTheSameEveryTime) {
  KernelFile file("compiler/target/gpu/testdata/kernels.mlir");
  auto first = compile(file, GetParam()), second = compile(file, GetParam());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->files.ptx, second->files.ptx);
}

INSTANTIATE_TEST_SUITE_P(Targets, Ptx, testing::Values("sm_80", "sm_90a"));

TEST(GpuTarget, UnknownNamesAreAUsageErrorThatListsTheKnownOnes) {
  const Status status = GpuTarget::named("sm_12").status();
  EXPECT_EQ(status.code(), StatusCode::kUsage);
  EXPECT_NE(status.message().find("sm_90a"), std::string::npos) << status.message();
}

TEST(DeviceKernels, TwoRootsAreADiagnosticOnTheOp) {
  KernelFile file("compiler/target/gpu/testdata/kernels.mlir");
  file.parse(
      "func.func private @k(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {\n"
      "%0 = graph.softmax %x {axis = 1} : (tensor<4x4xf32>) -> tensor<4x4xf32>\n"
      "%1 = graph.softmax %0 {axis = 0} : (tensor<4x4xf32>) -> tensor<4x4xf32>\n"
      "return %1 : tensor<4x4xf32>\n}");
  const Status status = compile(file, "sm_80").status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(file.messages.find("second root"), std::string::npos) << file.messages;
}

}  // namespace
}  // namespace mlc::gpu
