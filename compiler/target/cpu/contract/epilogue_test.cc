// Runs compiled contractions with epilogues, and compares them with the same arithmetic in plain
// loops.
#include "compiler/target/cpu/contract/epilogue.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "compiler/target/cpu/contract/contract_kernel.h"
#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

namespace mlc::cpu {
namespace {

constexpr int64_t kM = 13, kN = 37, kK = 11;  // 37: two whole panels and a part of one, on AVX2

float input(int64_t i, int seed) { return static_cast<float>((i * 7 + seed * 5) % 11 - 5) / 8; }

GuardedBuffer filled(int64_t n, int seed) {
  GuardedBuffer buffer(static_cast<size_t>(n) * sizeof(float));
  for (int64_t i = 0; i < n; ++i) buffer.as<float>()[i] = input(i, seed);
  return buffer;
}

// The expected element for the sum of products at (row, column).
using Expected = std::function<float(float sum, int64_t row, int64_t column)>;

// Operands %b0, %b1, ... have the types and sizes given; operand i holds input(.., 10 + i). `body`
// makes %result : outType from %0.
void check(const std::vector<std::pair<std::string, int64_t>>& operands, const std::string& body,
           const std::string& outType, const Expected& expected) {
  const std::string product = "tensor<13x37xf32>";
  std::string arguments = "%x: tensor<13x11xf32>, %w: tensor<11x37xf32>";
  for (size_t i = 0; i < operands.size(); ++i) {
    arguments += ", %b" + std::to_string(i) + ": " + operands[i].first;
  }
  auto runner = KernelRunner::compile(
      "func.func private @kernel(" + arguments + ") -> " + outType +
          " attributes {mlc.kernel} {\n" +
          "%0 = graph.contract %x, %w {equation = \"mk,kn->mn\"} : (tensor<13x11xf32>, "
          "tensor<11x37xf32>) -> " +
          product + "\n" + body + "\nreturn %result : " + outType + "\n}",
      CpuTarget::host());
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  std::vector<GuardedBuffer> buffers;
  buffers.push_back(filled(kM * kK, 1));
  buffers.push_back(filled(kK * kN, 2));
  for (size_t i = 0; i < operands.size(); ++i) {
    buffers.push_back(filled(operands[i].second, 10 + static_cast<int>(i)));
  }
  const bool truth = outType.find("xi1>") != std::string::npos;
  buffers.emplace_back(kM * kN * (truth ? 1 : sizeof(float)));
  std::vector<void*> pointers;
  for (GuardedBuffer& buffer : buffers) pointers.push_back(buffer.as<void>());
  runner->run({}, pointers, 2);
  for (int64_t m = 0; m < kM; ++m) {
    for (int64_t n = 0; n < kN; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < kK; ++k) sum += input(m * kK + k, 1) * input(k * kN + n, 2);
      const int64_t i = m * kN + n;
      const float actual = truth ? buffers.back().as<uint8_t>()[i] : buffers.back().as<float>()[i];
      ASSERT_NEAR(actual, expected(sum, m, n), 2e-5) << m << ", " << n;
    }
  }
}

const char* const kOut = "tensor<13x37xf32>";

TEST(Epilogue, BiasPerColumnAndGelu) {
  check({{"tensor<37xf32>", kN}},
        "%1 = graph.add %0, %b0 : (tensor<13x37xf32>, tensor<37xf32>) -> tensor<13x37xf32>\n"
        "%result = graph.gelu %1 : (tensor<13x37xf32>) -> tensor<13x37xf32>",
        kOut, [](float sum, int64_t, int64_t n) {
          const float x = sum + input(n, 10);
          return x * 0.5f * (1 + std::erf(x / std::sqrt(2.0f)));
        });
}

TEST(Epilogue, BiasPerRowScalarAndResidual) {
  check({{"tensor<13x1xf32>", kM}, {"tensor<f32>", 1}, {"tensor<13x37xf32>", kM * kN}},
        "%1 = graph.add %b0, %0 : (tensor<13x1xf32>, tensor<13x37xf32>) -> tensor<13x37xf32>\n"
        "%2 = graph.mul %1, %b1 : (tensor<13x37xf32>, tensor<f32>) -> tensor<13x37xf32>\n"
        "%result = graph.sub %b2, %2 : (tensor<13x37xf32>, tensor<13x37xf32>) -> tensor<13x37xf32>",
        kOut, [](float sum, int64_t m, int64_t n) {
          return input(m * kN + n, 12) - (sum + input(m, 10)) * input(0, 11);
        });
}

TEST(Epilogue, ConstantsAndOpsBesideTheChain) {
  check({{"tensor<1x37xf32>", kN}, {"tensor<37xf32>", kN}},
        "%c = graph.constant dense<0.5> : tensor<f32>\n"
        "%r = graph.constant dense<[[1.0],[2.0],[3.0],[4.0],[5.0],[6.0],[7.0],[8.0],[9.0],[10.0],"
        "[11.0],[12.0],[13.0]]> : tensor<13x1xf32>\n"
        "%1 = graph.mul %b0, %b1 : (tensor<1x37xf32>, tensor<37xf32>) -> tensor<1x37xf32>\n"
        "%2 = graph.mul %0, %c : (tensor<13x37xf32>, tensor<f32>) -> tensor<13x37xf32>\n"
        "%3 = graph.add %2, %1 : (tensor<13x37xf32>, tensor<1x37xf32>) -> tensor<13x37xf32>\n"
        "%4 = graph.sigmoid %3 : (tensor<13x37xf32>) -> tensor<13x37xf32>\n"
        "%5 = graph.mul %3, %4 : (tensor<13x37xf32>, tensor<13x37xf32>) -> tensor<13x37xf32>\n"
        "%result = graph.add %5, %r : (tensor<13x37xf32>, tensor<13x1xf32>) -> tensor<13x37xf32>",
        kOut, [](float sum, int64_t m, int64_t n) {
          const float x = sum * 0.5f + input(n, 10) * input(n, 11);
          return x / (1 + std::exp(-x)) + static_cast<float>(m + 1);
        });
}

TEST(Epilogue, TruthValues) {
  check(
      {{"tensor<37xf32>", kN}},
      "%result = graph.compare %0, %b0 {predicate = 2 : i32} : (tensor<13x37xf32>, tensor<37xf32>)"
      " -> tensor<13x37xi1>",
      "tensor<13x37xi1>",
      [](float sum, int64_t, int64_t n) { return sum < input(n, 10) ? 1.0f : 0.0f; });
}

TEST(Epilogue, SecondRootsAreRefused) {
  auto runner = KernelRunner::compile(
      "func.func private @kernel(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> "
      "attributes {mlc.kernel} {\n"
      "%0 = graph.contract %x, %w {equation = \"mk,kn->mn\"} : (tensor<4x4xf32>, tensor<4x4xf32>) "
      "-> "
      "tensor<4x4xf32>\n"
      "%1 = graph.softmax %0 {axis = 1 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>\n"
      "return %1 : tensor<4x4xf32>\n}",
      CpuTarget::host());
  EXPECT_FALSE(runner.ok());
}

// bf16 operands: summed in f32, rounded once.
TEST(Epilogue, NarrowFloatsAreRoundedAtTheStore) {
  auto runner = KernelRunner::compile(
      "func.func private @kernel(%x: tensor<13x11xbf16>, %w: tensor<37x11xbf16>, %b: "
      "tensor<37xbf16>) "
      "-> tensor<13x37xbf16> attributes {mlc.kernel} {\n"
      "%0 = graph.contract %x, %w {equation = \"mk,nk->mn\"} : (tensor<13x11xbf16>, "
      "tensor<37x11xbf16>) -> tensor<13x37xbf16>\n"
      "%1 = graph.add %0, %b : (tensor<13x37xbf16>, tensor<37xbf16>) -> tensor<13x37xbf16>\n"
      "return %1 : tensor<13x37xbf16>\n}",
      CpuTarget::host());
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  // Multiples of 1/8 of this size are exact in bf16.
  auto narrow = [](float value) {
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
  };
  auto narrowed = [&](int64_t n, int seed) {
    GuardedBuffer buffer(static_cast<size_t>(n) * 2);
    for (int64_t i = 0; i < n; ++i) buffer.as<uint16_t>()[i] = narrow(input(i, seed));
    return buffer;
  };
  GuardedBuffer x = narrowed(kM * kK, 1), w = narrowed(kN * kK, 2), b = narrowed(kN, 3),
                out(kM * kN * 2);
  runner->run({}, {x.as<void>(), w.as<void>(), b.as<void>(), out.as<void>()}, 2);
  for (int64_t m = 0; m < kM; ++m) {
    for (int64_t n = 0; n < kN; ++n) {
      float sum = input(n, 3);
      for (int64_t k = 0; k < kK; ++k) sum += input(m * kK + k, 1) * input(n * kK + k, 2);
      const uint32_t bits = std::bit_cast<uint32_t>(sum);
      const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;  // to nearest even
      ASSERT_EQ(out.as<uint16_t>()[m * kN + n], rounded) << m << ", " << n;
    }
  }
}

// Code for CPUs that the test may not run on is at least made.
TEST(Epilogue, IsMadeForOtherCpus) {
  for (const char* name : {"x86-64", "x86-64-v3", "x86-64-v4", "aarch64"}) {
    auto target = CpuTarget::named(name);
    ASSERT_TRUE(target.ok());
    const int64_t columns = target->tileVectors() * target->vectorBytes() / 4;
    auto runner = KernelRunner::compile(
        "func.func private @kernel(%x: tensor<130x64xf32>, %w: tensor<64x200xf32> {mlc.panels = "
        "#mlc.panels<columns = " +
            std::to_string(columns) +
            ">}) -> tensor<130x200xf32> attributes {mlc.kernel} {\n"
            "%0 = graph.contract %x, %w {equation = \"mk,kn->mn\"} : (tensor<130x64xf32>, "
            "tensor<64x200xf32>) -> tensor<130x200xf32>\n"
            "%1 = graph.gelu %0 : (tensor<130x200xf32>) -> tensor<130x200xf32>\n"
            "return %1 : tensor<130x200xf32>\n}",
        *target);
    EXPECT_TRUE(runner.ok()) << name << ": " << runner.status().message();
  }
}

}  // namespace
}  // namespace mlc::cpu
