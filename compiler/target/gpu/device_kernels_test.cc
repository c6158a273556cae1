// Device kernels on the fake GPU compute what the reference evaluation says, however many threads
// share them.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/target/gpu/fake_program_target.h"
#include "compiler/target/gpu/kernel_file_for_test.h"
#include "runtime/abi/emulated_kernel.h"
#include "runtime/base/shared_object.h"

namespace mlc::gpu {
namespace {

double toleranceOf(DType type) {
  if (type == DType::kBF16) return 1.0 / 128;
  if (type == DType::kF64) return 4e-15;
  return type == DType::kF16 ? 1.0 / 1024 : 3e-5;
}

void expectEqual(const HostTensor& actual, const HostTensor& expected) {
  ASSERT_EQ(actual.shape(), expected.shape());
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    const double a = loadNumber(actual, i), e = loadNumber(expected, i);
    if (a == e || (std::isnan(e) && std::isnan(a))) continue;
    const double tolerance =
        isFloat(expected.dtype()) ? toleranceOf(expected.dtype()) * (1 + std::abs(e)) : 0;
    ASSERT_NEAR(a, e, tolerance) << "element " << i;
  }
}

// Calls the entry once for every thread of the launch.
void launch(MlcEmulatedKernel entry, const conversion::KernelInfo& info,
            const SymbolValues& symbols, std::vector<HostTensor>& buffers, int64_t blocks,
            int64_t blockThreads) {
  std::vector<int64_t> values;
  for (const std::string& symbol : info.symbols) values.push_back(symbols.at(symbol));
  for (HostTensor& buffer : buffers) {
    values.push_back(reinterpret_cast<int64_t>(buffer.raw()) + MLC_FAKE_POINTER_BIAS);
  }
  std::vector<void*> arguments;
  for (int64_t& value : values) arguments.push_back(&value);
  for (int64_t block = 0; block < blocks; ++block) {
    for (int64_t thread = 0; thread < blockThreads; ++thread) {
      entry(block, thread, blocks, blockThreads, arguments.data());
    }
  }
}

void check(mlir::func::FuncOp kernel, MlcEmulatedKernel entry, const conversion::KernelInfo& info) {
  SCOPED_TRACE(kernel.getName().str());
  std::mt19937 random(7);
  SymbolValues symbols;
  std::vector<HostTensor> buffers;
  for (mlir::Type type : kernel.getArgumentTypes()) {
    buffers.push_back(randomTensor(type, symbols, random));
  }
  auto expected = graph::evaluateFunction(kernel, buffers, {symbols, nullptr});
  ASSERT_TRUE(mlir::succeeded(expected));
  const HostTensor& result = (*expected)[0];
  const int64_t points = *info.launch->points.evaluate(symbols);
  EXPECT_GE(points, 1);
  EXPECT_LE(points, result.numElements());
  for (auto [blocks, threads] :
       {std::pair<int64_t, int64_t>{1, 1}, {3, 2}, {points, 1}, {2, points}}) {
    SCOPED_TRACE(std::to_string(blocks) + " blocks of " + std::to_string(threads) + " threads");
    buffers.push_back(HostTensor::uninitialized(result.dtype(), result.shape()));
    std::memset(buffers.back().raw(), 0x5a, result.bytes());
    launch(entry, info, symbols, buffers, blocks, threads);
    expectEqual(buffers.back(), result);
    buffers.pop_back();
  }
}

class FakeKernels : public testing::TestWithParam<const char*> {};

TEST_P(FakeKernels, EqualTheReference) {
  KernelFile file(std::string("compiler/target/gpu/testdata/") + GetParam());
  ASSERT_FALSE(file.kernels.empty()) << file.messages;
  auto compiled = FakeProgramTarget(cpu::CpuTarget::host()).compileKernels(file.kernels, {});
  ASSERT_TRUE(compiled.ok()) << compiled.status().message() << file.messages;
  EXPECT_TRUE(compiled->files.ptx.empty());
  const std::string path = testing::TempDir() + GetParam() + ".so";
  std::ofstream(path, std::ios::binary) << compiled->files.emulation;
  auto object = SharedObject::load(path);
  ASSERT_TRUE(object.ok()) << object.status().message();
  for (mlir::func::FuncOp kernel : file.kernels) {
    const std::string name = kernel.getName().str();
    void* symbol = (*object)->find(name);
    ASSERT_TRUE(symbol) << name;
    check(kernel, reinterpret_cast<MlcEmulatedKernel>(symbol), compiled->infos.lookup(name));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, FakeKernels, testing::Values("kernels.mlir", "rows.mlir"),
                         [](const auto& info) {
                           return std::string(info.param, strcspn(info.param, "."));
                         });

}  // namespace
}  // namespace mlc::gpu
