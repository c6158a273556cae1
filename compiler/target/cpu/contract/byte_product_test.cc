// Products of bytes are exact: compiled contractions against plain loops, with the extreme values
// of both types.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "compiler/target/cpu/contract/contract_kernel.h"
#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

namespace mlc::cpu {
namespace {

struct Case {
  int64_t m = 0, k = 0, n = 0;
  bool unsignedLeft = true, unsignedRight = false;
  bool packed = true, transposed = false;
  bool extreme = false;  // only the ends of the ranges

  std::string name() const {
    return std::string(unsignedLeft ? "u8" : "i8") + " x " + (unsignedRight ? "u8" : "i8") + ", " +
           std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n) +
           (packed ? " packed" : "") + (transposed ? " transposed" : "") +
           (extreme ? " extreme" : "");
  }
};

int valueOf(uint8_t stored, bool isUnsigned) {
  return isUnsigned ? stored : static_cast<int8_t>(stored);
}

// Bytes in a buffer that ends where an unmapped page begins.
GuardedBuffer randomBytes(int64_t count, const Case& c, bool isUnsigned, std::mt19937& random) {
  GuardedBuffer buffer(static_cast<size_t>(count));
  const uint8_t low = isUnsigned ? 0 : 0x80, high = isUnsigned ? 0xff : 0x7f;
  for (int64_t i = 0; i < count; ++i) {
    const auto any = static_cast<uint8_t>(random());
    buffer.as<uint8_t>()[i] = !c.extreme ? any : any % 5 == 0 ? low : high;
  }
  return buffer;
}

// The layout's definition, element by element.
GuardedBuffer packed(const uint8_t* weight, const Case& c, const PanelLayout& layout) {
  const int64_t panels = (c.n + layout.panel - 1) / layout.panel;
  const int64_t groups = (c.k + layout.group - 1) / layout.group;
  GuardedBuffer result(static_cast<size_t>(panels * groups * layout.panel * layout.group));
  uint8_t* to = result.as<uint8_t>();
  for (int64_t p = 0; p < panels; ++p) {
    for (int64_t g = 0; g < groups; ++g) {
      for (int64_t j = p * layout.panel; j < (p + 1) * layout.panel; ++j) {
        for (int64_t i = g * layout.group; i < (g + 1) * layout.group; ++i) {
          *to++ = i < c.k && j < c.n ? weight[c.transposed ? j * c.k + i : i * c.n + j] : 0;
        }
      }
    }
  }
  return result;
}

std::string matrix(int64_t rows, int64_t columns, const std::string& element) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "x" + element + ">";
}

// How many neighbours of k the code for a target takes at once.
int64_t groupOf(const CpuTarget& target, const Case& c) {
  if (!target.has("avx512vnni") || (c.unsignedLeft && c.unsignedRight)) return 2;
  return 4;
}

void check(const Case& c, const CpuTarget& target) {
  SCOPED_TRACE(c.name());
  std::mt19937 random(5);
  GuardedBuffer lhs = randomBytes(c.m * c.k, c, c.unsignedLeft, random);
  GuardedBuffer rhs = randomBytes(c.k * c.n, c, c.unsignedRight, random);
  const std::string x = matrix(c.m, c.k, c.unsignedLeft ? "ui8" : "i8");
  const std::string w =
      matrix(c.transposed ? c.n : c.k, c.transposed ? c.k : c.n, c.unsignedRight ? "ui8" : "i8");
  const std::string y = matrix(c.m, c.n, "i32");
  const PanelLayout layout{target.vectorBytes() / 4 * (target.numVectorRegisters() / 8),
                           c.transposed, groupOf(target, c)};
  const std::string attribute =
      !c.packed ? ""
                : " {mlc.panels = #mlc.panels<columns = " + std::to_string(layout.panel) +
                      ", group = " + std::to_string(layout.group) + ">}";
  auto runner = KernelRunner::compile(
      "func.func private @kernel(%x: " + x + ", %w: " + w + attribute + ") -> " + y +
          " attributes {mlc.kernel} { %0 = graph.contract %x, %w {equation = \"mk," +
          (c.transposed ? "nk" : "kn") + "->mn\"} : (" + x + ", " + w + ") -> " + y +
          " return %0 : " + y + " }",
      target);
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  std::optional<GuardedBuffer> panels;
  if (c.packed) panels.emplace(packed(rhs.as<uint8_t>(), c, layout));

  for (int threads : {1, 3}) {
    GuardedBuffer out(static_cast<size_t>(c.m * c.n) * sizeof(int32_t));
    std::fill_n(out.as<int32_t>(), c.m * c.n, -77777);
    runner->run({}, {lhs.as<char>(), panels ? panels->as<char>() : rhs.as<char>(), out.as<char>()},
                threads);
    for (int64_t i = 0; i < c.m; ++i) {
      for (int64_t j = 0; j < c.n; ++j) {
        int64_t expected = 0;
        for (int64_t k = 0; k < c.k; ++k) {
          expected +=
              valueOf(lhs.as<uint8_t>()[i * c.k + k], c.unsignedLeft) *
              valueOf(rhs.as<uint8_t>()[c.transposed ? j * c.k + k : k * c.n + j], c.unsignedRight);
        }
        ASSERT_EQ(out.as<int32_t>()[i * c.n + j], expected)
            << i << ", " << j << ", threads " << threads;
      }
    }
  }
}

// All pairs of types, in all layouts, and with extreme values.
void checkAll(int64_t m, int64_t k, int64_t n, const CpuTarget& target) {
  for (int i = 0; i < 16; ++i) {
    check({m, k, n, (i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0}, target);
  }
  for (int i = 0; i < 4; ++i)
    check({m, k, n, (i & 1) != 0, (i & 2) != 0, true, false, true}, target);
}

TEST(ByteProduct, SmallAndOddSizes) {
  for (auto [m, k, n] : {std::tuple(1, 1, 1), {6, 8, 16}, {13, 21, 37}}) {
    checkAll(m, k, n, CpuTarget::host());
  }
  for (int64_t k : {2, 3, 5, 33, 35}) check({7, k, 17}, CpuTarget::host());
  for (int64_t m : {2, 12, 30}) check({m, 40, 50, false}, CpuTarget::host());
}

TEST(ByteProduct, LongSums) {
  check({14, 3001, 50, true, false, true, false, true}, CpuTarget::host());
}

TEST(ByteProduct, DotInstructions) {
  auto target = CpuTarget::named("x86-64-v4+avx512vnni");
  ASSERT_TRUE(target.ok());
  checkAll(8, 21, 70, *target);
  for (bool isUnsigned : {false, true}) check({1, 3, 5, isUnsigned}, *target);
}

struct ByteConv {
  int64_t channels, outChannels, height, width, kernel, stride, pad;
  int64_t groups = 1;
  bool unsignedInput = true;
};

void checkConv(const ByteConv& c, const CpuTarget& target) {
  constexpr int64_t kImages = 2;
  auto tensor = [](std::initializer_list<int64_t> dims, const std::string& element) {
    std::string text = "tensor<";
    for (int64_t dim : dims) text += std::to_string(dim) + "x";
    return text + element + ">";
  };
  auto twice = [](int64_t value) {
    return "array<i64: " + std::to_string(value) + ", " + std::to_string(value) + ">";
  };
  const int64_t height = (c.height + 2 * c.pad - c.kernel) / c.stride + 1,
                width = (c.width + 2 * c.pad - c.kernel) / c.stride + 1;
  const int64_t depth = c.channels / c.groups;
  const std::string x =
      tensor({kImages, c.channels, c.height, c.width}, c.unsignedInput ? "ui8" : "i8");
  const std::string w = tensor({c.outChannels, depth, c.kernel, c.kernel}, "i8");
  const std::string y = tensor({kImages, c.outChannels, height, width}, "i32");
  const std::string text =
      "func.func private @kernel(%x: " + x + ", %w: " + w + ") -> " + y +
      " attributes {mlc.kernel} { %0 = graph.conv %x, %w {strides = " + twice(c.stride) +
      ", pads_low = " + twice(c.pad) + ", pads_high = " + twice(c.pad) +
      ", dilations = " + twice(1) + ", groups = " + std::to_string(c.groups) + " : i64} : (" + x +
      ", " + w + ") -> " + y + " return %0 : " + y + " }";
  SCOPED_TRACE(text);
  auto runner = KernelRunner::compile(text, target);
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  std::mt19937 random(9);
  GuardedBuffer image =
      randomBytes(kImages * c.channels * c.height * c.width, {}, c.unsignedInput, random);
  GuardedBuffer filter =
      randomBytes(c.outChannels * depth * c.kernel * c.kernel, {}, false, random);
  GuardedBuffer out(static_cast<size_t>(kImages * c.outChannels * height * width) * 4);
  runner->run({}, {image.as<char>(), filter.as<char>(), out.as<char>()}, 2);
  const int32_t* actual = out.as<int32_t>();
  for (int64_t n = 0; n < kImages; ++n) {
    for (int64_t o = 0; o < c.outChannels; ++o) {
      const int64_t firstChannel = o / (c.outChannels / c.groups) * depth;
      for (int64_t at = 0; at < height * width; ++at) {
        int64_t sum = 0;
        for (int64_t e = 0; e < depth * c.kernel * c.kernel; ++e) {
          const int64_t channel = firstChannel + e / (c.kernel * c.kernel);
          const int64_t h = at / width * c.stride - c.pad + e / c.kernel % c.kernel;
          const int64_t v = at % width * c.stride - c.pad + e % c.kernel;
          if (h < 0 || v < 0 || h >= c.height || v >= c.width) continue;
          sum += valueOf(
                     image.as<uint8_t>()[((n * c.channels + channel) * c.height + h) * c.width + v],
                     c.unsignedInput) *
                 filter.as<int8_t>()[o * depth * c.kernel * c.kernel + e];
        }
        ASSERT_EQ(*actual++, sum) << n << ", " << o << ", " << at;
      }
    }
  }
}

TEST(ByteProduct, Convolutions) {
  const auto dot = CpuTarget::named("x86-64-v4+avx512vnni");
  ASSERT_TRUE(dot.ok());
  for (const CpuTarget& target : {CpuTarget::host(), *dot}) {
    for (bool isUnsigned : {true, false}) {
      checkConv({3, 7, 9, 11, 3, 1, 1, 1, isUnsigned}, target);
      checkConv({5, 6, 6, 7, 1, 1, 0, 1, isUnsigned}, target);
    }
  }
  checkConv({4, 6, 19, 20, 3, 2, 1, 2}, CpuTarget::host());
  checkConv({6, 6, 8, 8, 3, 1, 1, 6}, CpuTarget::host());
}

// Zero point, scale, bias and the quantization of the result happen while the sums are stored;
// results that do not fit saturate.
TEST(ByteProduct, ResultsAreQuantizedInPlace) {
  constexpr int64_t kRows = 11, kDepth = 19, kColumns = 37;
  auto runner = KernelRunner::compile(R"(
    func.func private @kernel(%x: tensor<11x19xui8>, %w: tensor<19x37xi8>, %z: tensor<37xi32>, %s: tensor<37xf32>, %b: tensor<37xf32>)
        -> tensor<11x37xui8> attributes {mlc.kernel} {
      %step = graph.constant dense<0.5> : tensor<f32>
      %point = graph.constant dense<100.0> : tensor<f32>
      %0 = graph.contract %x, %w {equation = "mk,kn->mn"} : (tensor<11x19xui8>, tensor<19x37xi8>) -> tensor<11x37xi32>
      %1 = graph.sub %0, %z : (tensor<11x37xi32>, tensor<37xi32>) -> tensor<11x37xi32>
      %2 = graph.cast %1 : (tensor<11x37xi32>) -> tensor<11x37xf32>
      %3 = graph.mul %2, %s : (tensor<11x37xf32>, tensor<37xf32>) -> tensor<11x37xf32>
      %4 = graph.add %3, %b : (tensor<11x37xf32>, tensor<37xf32>) -> tensor<11x37xf32>
      %5 = graph.div %4, %step : (tensor<11x37xf32>, tensor<f32>) -> tensor<11x37xf32>
      %6 = graph.round %5 : (tensor<11x37xf32>) -> tensor<11x37xf32>
      %7 = graph.add %6, %point : (tensor<11x37xf32>, tensor<f32>) -> tensor<11x37xf32>
      %8 = graph.cast %7 : (tensor<11x37xf32>) -> tensor<11x37xui8>
      return %8 : tensor<11x37xui8>
    })",
                                      CpuTarget::host());
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  std::mt19937 random(3);
  GuardedBuffer x = randomBytes(kRows * kDepth, {}, true, random),
                w = randomBytes(kDepth * kColumns, {}, false, random);
  GuardedBuffer zero(kColumns * 4), scale(kColumns * 4), bias(kColumns * 4), out(kRows * kColumns);
  for (int64_t j = 0; j < kColumns; ++j) {
    zero.as<int32_t>()[j] = static_cast<int32_t>(j * 1000 - 9000);
    scale.as<float>()[j] = 1.0f / 1024;  // every number below is exact
    bias.as<float>()[j] = static_cast<float>(j) / 8;
  }
  runner->run({},
              {x.as<void>(), w.as<void>(), zero.as<void>(), scale.as<void>(), bias.as<void>(),
               out.as<void>()},
              2);
  int saturated = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      int32_t sum = 0;
      for (int64_t k = 0; k < kDepth; ++k)
        sum += x.as<uint8_t>()[i * kDepth + k] * w.as<int8_t>()[k * kColumns + j];
      const float real =
          static_cast<float>(sum - zero.as<int32_t>()[j]) / 1024 + bias.as<float>()[j];
      const float stored = std::nearbyint(real / 0.5f) + 100;
      saturated += stored < 0 || stored > 255;
      ASSERT_EQ(out.as<uint8_t>()[i * kColumns + j], std::clamp(stored, 0.0f, 255.0f))
          << i << ", " << j;
    }
  }
  EXPECT_GT(saturated, 0);
}

}  // namespace
}  // namespace mlc::cpu
