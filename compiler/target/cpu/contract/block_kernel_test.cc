// Products with a right side in blocks: compiled kernels against the definition, in double.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "compiler/target/cpu/contract/contract_kernel.h"
#include "compiler/target/cpu/contract/kernel_runner_for_test.h"
#include "runtime/base/element.h"

namespace mlc::cpu {
namespace {

struct Case {
  int64_t m = 0, k = 0, n = 0, block = 0;
  DType stored = DType::kU4;
  bool zeros = true;  // one to a block; else one for all
  bool transposed = false, symbolic = false;

  int64_t blocks() const { return (k + block - 1) / block; }
  std::string name() const {
    return std::string(dtypeName(stored)) + ", " + std::to_string(m) + "x" + std::to_string(k) +
           "x" + std::to_string(n) + " in blocks of " + std::to_string(block) +
           (zeros ? "" : " with one zero point") + (transposed ? " transposed" : "") +
           (symbolic ? " symbolic" : "");
  }
};

HostTensor randomStored(DType type, std::vector<int64_t> shape, std::mt19937& random) {
  HostTensor tensor = HostTensor::zeros(type, std::move(shape));
  for (int64_t i = 0; i < tensor.numElements(); ++i)
    storeInteger(tensor, i, static_cast<int64_t>(random()));
  return tensor;
}

// The layout's definition, element by element, ending where an unmapped page begins. `whole` is
// [rows, columns].
GuardedBuffer packed(const HostTensor& whole, int64_t panel, int64_t group) {
  const int64_t rows = whole.shape()[0], columns = whole.shape()[1];
  const int64_t panels = (columns + panel - 1) / panel, lines = (rows + group - 1) / group;
  HostTensor result = HostTensor::zeros(whole.dtype(), {panels, lines, panel, group});
  for (int64_t i = 0; i < result.numElements(); ++i) {
    const int64_t row = i / (panel * group) % lines * group + i % group;
    const int64_t column = i / (lines * panel * group) * panel + i / group % panel;
    if (row < rows && column < columns) copyElement(result, i, whole, row * columns + column);
  }
  GuardedBuffer buffer(result.bytes());
  std::copy_n(result.data<char>(), result.bytes(), buffer.as<char>());
  return buffer;
}

std::string typeName(DType type) {
  const std::string name(dtypeName(type));
  return name[0] == 'u' ? "ui" + name.substr(1) : name;
}

std::string matrix(int64_t rows, int64_t columns, const std::string& element, bool transposed) {
  if (transposed) std::swap(rows, columns);
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "x" + element + ">";
}

std::string kernelText(const Case& c, int64_t panel) {
  const std::string stored = typeName(c.stored);
  const std::string w = matrix(c.k, c.n, stored, c.transposed);
  const std::string s = matrix(c.blocks(), c.n, "f32", c.transposed);
  const std::string z =
      c.zeros ? matrix(c.blocks(), c.n, stored, c.transposed) : "tensor<" + stored + ">";
  const std::string real = matrix(c.k, c.n, "f32", c.transposed);
  const std::string dims = R"(, #graph.dims<"rows", "">>)";
  const std::string x = c.symbolic ? "tensor<?x" + std::to_string(c.k) + "xf32" + dims
                                   : matrix(c.m, c.k, "f32", false);
  const std::string y = c.symbolic ? "tensor<?x" + std::to_string(c.n) + "xf32" + dims
                                   : matrix(c.m, c.n, "f32", false);
  const std::string layout = " {mlc.panels = #mlc.panels<columns = " + std::to_string(panel);
  const std::string nibbles = dtypeBits(c.stored) == 4 ? layout + ", group = 2>}" : layout + ">}";
  return "func.func private @kernel(%x: " + x + ", %w: " + w + nibbles + ", %s: " + s + layout +
         ">}" + (c.zeros ? ", %z: " + z + layout + ">}" : "") + ") -> " + y +
         " attributes {mlc.kernel} {\n" +
         (c.zeros ? "" : "  %z = graph.constant dense<3> : " + z + "\n") +
         "  %0 = graph.dequantize %w, %s, %z {axis = " + (c.transposed ? "1" : "0") +
         " : i64, block_size = " + std::to_string(c.block) + " : i64} : (" + w + ", " + s + ", " +
         z + ") -> " + real + "\n  %1 = graph.contract %x, %0 {equation = \"mk," +
         (c.transposed ? "nk" : "kn") + "->mn\"} : (" + x + ", " + real + ") -> " + y +
         "\n  return %1 : " + y + "\n}\n";
}

void check(const Case& c, const CpuTarget& target, int64_t panel) {
  SCOPED_TRACE(c.name());
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const HostTensor w = randomStored(c.stored, {c.k, c.n}, random);
  const HostTensor z = randomStored(c.stored, {c.blocks(), c.n}, random);
  HostTensor s = HostTensor::uninitialized(DType::kF32, {c.blocks(), c.n});
  HostTensor x = HostTensor::uninitialized(DType::kF32, {c.m, c.k});
  for (int64_t i = 0; i < s.numElements(); ++i) s.data<float>()[i] = uniform(random);
  for (int64_t i = 0; i < x.numElements(); ++i) x.data<float>()[i] = uniform(random);

  StatusOr<KernelRunner> kernel = KernelRunner::compile(kernelText(c, panel), target);
  ASSERT_TRUE(kernel.ok()) << kernel.status().message();
  GuardedBuffer packedW = packed(w, panel, dtypeBits(c.stored) == 4 ? 2 : 1);
  GuardedBuffer packedS = packed(s, panel, 1), packedZ = packed(z, panel, 1);
  GuardedBuffer left(x.bytes()), out(static_cast<size_t>(c.m * c.n) * sizeof(float));
  std::copy_n(x.data<char>(), x.bytes(), left.as<char>());
  std::vector<void*> buffers{left.as<char>(), packedW.as<char>(), packedS.as<char>()};
  if (c.zeros) buffers.push_back(packedZ.as<char>());
  buffers.push_back(out.as<char>());
  kernel->run({{"rows", c.m}}, buffers, 3);

  for (int64_t i = 0; i < c.m; ++i) {
    for (int64_t j = 0; j < c.n; ++j) {
      double sum = 0, size = 0;
      for (int64_t l = 0; l < c.k; ++l) {
        const int64_t at = l / c.block * c.n + j;
        const double zero = c.zeros ? static_cast<double>(loadInteger(z, at)) : 3;
        const double weight = (static_cast<double>(loadInteger(w, l * c.n + j)) - zero) *
                              static_cast<double>(s.data<float>()[at]);
        const double product = weight * static_cast<double>(x.data<float>()[i * c.k + l]);
        sum += product;
        size += std::abs(product);
      }
      ASSERT_NEAR(out.as<float>()[i * c.n + j], sum, 1e-6 * size + 1e-6) << i << ", " << j;
    }
  }
}

void checkAll(const std::string& cpu, int64_t panel) {
  const CpuTarget target = *CpuTarget::named(cpu);
  for (DType stored : {DType::kI4, DType::kU4, DType::kI8, DType::kU8}) {
    check({1, 64, 70, 16, stored}, target, panel);
    check({7, 96, 33, 32, stored, false, true}, target, panel);
  }
  // The last block is cut short; columns fill a panel; many rows pass through widened panels.
  check({2, 100, 64, 32}, target, panel);
  check({13, 100, 65, 16, DType::kU4, true, true}, target, panel);
  check({29, 64, 130, 64, DType::kI8}, target, panel);
  for (int64_t rows : {1, 5, 12, 40}) {
    check({rows, 66, 90, 32, DType::kI4, true, false, true}, target, panel);
  }
}

TEST(BlockKernel, Avx512) { checkAll("x86-64-v4", 64); }
TEST(BlockKernel, Avx2) { checkAll("x86-64-v3", 16); }

}  // namespace
}  // namespace mlc::cpu
