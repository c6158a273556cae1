#include "compiler/dialect/graph/factors.h"

#include "compiler/dialect/graph/parse_for_test.h"
#include "gtest/gtest.h"

namespace mlc::graph {
namespace {

// "p4 s768 | 0 1 | 0 -": the factors (p parallel, s sum, M max, m min, w whole), then each operand
// and result: per dim its factors joined by '.', or '-'.
std::string describe(const OpFactors& op) {
  std::string text;
  for (const Factor& factor : op.factors) {
    text += "psMmw"[static_cast<int>(factor.kind)] + factor.size.str() + " ";
  }
  auto describeTensor = [&](const TensorFactors& tensor) {
    text += "|";
    for (const DimFactors& dim : tensor) {
      std::string joined;
      for (int factor : dim) joined += (joined.empty() ? "" : ".") + std::to_string(factor);
      text += " " + (joined.empty() ? "-" : joined);
    }
    text += " ";
  };
  for (const TensorFactors& operand : op.operands) describeTensor(operand);
  text += "=> ";
  for (const TensorFactors& result : op.results) describeTensor(result);
  text.pop_back();
  return text;
}

std::string factorsOf(const std::string& arguments, const std::string& body) {
  ParsedModule parsed(arguments, body);
  if (!parsed.ok()) return parsed.error();
  return describe(mlir::cast<Factored>(parsed.last()).getFactors());
}

TEST(FactorsTest, ElementwiseBroadcastsLeaveOnesUnindexed) {
  EXPECT_EQ(
      factorsOf("%a: tensor<4x1x8xf32>, %b: tensor<6x8xf32>",
                "graph.add %a, %b : (tensor<4x1x8xf32>, tensor<6x8xf32>) -> tensor<4x6x8xf32>"),
      "p4 p6 p8 | 0 - 2 | 1 2 => | 0 1 2");
}

TEST(FactorsTest, ContractLettersAreFactors) {
  EXPECT_EQ(factorsOf("%a: tensor<2x5x12x32xf32>, %b: tensor<2x7x12x32xf32>",
                      R"(graph.contract %a, %b {equation = "bshd,bthd->bhst"} :
                         (tensor<2x5x12x32xf32>, tensor<2x7x12x32xf32>) -> tensor<2x12x5x7xf32>)"),
            "p2 p12 p5 p7 s32 | 0 2 1 4 | 0 3 1 4 => | 0 1 2 3");
}

TEST(FactorsTest, ReshapeSplitsAMergedDimMajorFirst) {
  EXPECT_EQ(factorsOf(R"(%a: tensor<?x?x384xf32, #graph.dims<"b", "s", "">>)",
                      R"(graph.reshape %a : (tensor<?x?x384xf32, #graph.dims<"b", "s", "">>) ->
                         tensor<?x?x12x32xf32, #graph.dims<"b", "s", "", "">>)"),
            "pb ps p12 p32 | 0 1 2.3 => | 0 1 2 3");
}

TEST(FactorsTest, ReshapeMergesSymbolicDims) {
  EXPECT_EQ(factorsOf(R"(%a: tensor<?x?x384xf32, #graph.dims<"b", "s", "">>)",
                      R"(graph.reshape %a : (tensor<?x?x384xf32, #graph.dims<"b", "s", "">>) ->
                         tensor<?x384xf32, #graph.dims<"b * s", "">>)"),
            "pb ps p384 | 0 1 2 => | 0.1 2");
}

TEST(FactorsTest, ReshapeKeepsWhatHasNoCommonFactorWhole) {
  EXPECT_EQ(factorsOf("%a: tensor<2x6x4x5xf32>",
                      "graph.reshape %a : (tensor<2x6x4x5xf32>) -> tensor<2x4x1x6x5xf32>"),
            "p2 w6 w4 w4 w6 p5 | 0 1 2 5 => | 0 3 - 4 5");
}

TEST(FactorsTest, ReduceSumIsPartialMeanIsWhole) {
  EXPECT_EQ(factorsOf("%a: tensor<4x8xf32>",
                      "graph.reduce %a {kind = 0 : i32, axes = array<i64: 1>, keep_dims = true} : "
                      "(tensor<4x8xf32>) -> tensor<4x1xf32>"),
            "p4 s8 | 0 1 => | 0 -");
  EXPECT_EQ(factorsOf("%a: tensor<4x8xf32>",
                      "graph.reduce %a {kind = 1 : i32, axes = array<i64: 0>} : (tensor<4x8xf32>) "
                      "-> tensor<8xf32>"),
            "w4 p8 | 0 1 => | 1");
}

TEST(FactorsTest, ConvolutionWithoutGroupsReducesInputChannels) {
  EXPECT_EQ(factorsOf("%x: tensor<1x3x9x9xf32>, %w: tensor<16x3x3x3xf32>",
                      R"(graph.conv %x, %w {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>,
                         pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} :
                         (tensor<1x3x9x9xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x9x9xf32>)"),
            "p1 p16 s3 w9 w3 w9 w9 w3 w9 | 0 2 3 6 | 1 2 4 7 => | 0 1 5 8");
}

TEST(FactorsTest, GroupedConvolutionSplitsGroups) {
  EXPECT_EQ(factorsOf("%x: tensor<1x6x9xf32>, %w: tensor<12x2x1xf32>, %b: tensor<12xf32>",
                      R"(graph.conv %x, %w, %b {strides = array<i64: 1>, pads_low = array<i64: 0>,
                         pads_high = array<i64: 0>, dilations = array<i64: 1>, groups = 3 : i64} :
                         (tensor<1x6x9xf32>, tensor<12x2x1xf32>, tensor<12xf32>) -> tensor<1x12x9xf32>)"),
            "p1 p3 w4 w2 w9 w1 w9 | 0 1.3 4 | 1.2 3 5 | 1.2 => | 0 1.2 6");
}

TEST(FactorsTest, AttentionWithGroupedHeads) {
  EXPECT_EQ(factorsOf("%q: tensor<2x8x5x16xf32>, %k: tensor<2x2x7x16xf32>, %v: "
                      "tensor<2x2x7x24xf32>, %m: tensor<2x1x1x7xf32>",
                      R"(graph.attention %q, %k, %v, %m {scale = 0.25 : f64} :
                         (tensor<2x8x5x16xf32>, tensor<2x2x7x16xf32>, tensor<2x2x7x24xf32>, tensor<2x1x1x7xf32>)
                         -> tensor<2x8x5x24xf32>)"),
            "p2 p2 p4 p5 w7 w16 p24 | 0 1.2 3 5 | 0 1 4 5 | 0 1 4 6 | 0 - - 4 => | 0 1.2 3 6");
}

TEST(FactorsTest, CausalAttentionKeepsQueriesWhole) {
  EXPECT_EQ(factorsOf("%q: tensor<1x2x5x4xf32>",
                      R"(graph.attention %q, %q, %q {scale = 0.5 : f64, causal = true} :
                         (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>)"),
            "p1 p2 w5 w5 w4 p4 | 0 1 2 4 | 0 1 3 4 | 0 1 3 5 => | 0 1 2 5");
}

TEST(FactorsTest, LayerNormKeepsNormalizedDimsWhole) {
  EXPECT_EQ(factorsOf("%x: tensor<2x5x8xf32>, %s: tensor<8xf32>",
                      R"(graph.layer_norm %x, %s, %s {axis = 2 : i64, epsilon = 1.0e-5 : f64} :
                         (tensor<2x5x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x5x8xf32>)"),
            "p2 p5 w8 | 0 1 2 | 2 | 2 => | 0 1 2");
}

TEST(FactorsTest, GatherKeepsItsAxisWhole) {
  EXPECT_EQ(factorsOf("%x: tensor<100x16xf32>, %i: tensor<2x5xi64>",
                      "graph.gather %x, %i {axis = 0 : i64} : (tensor<100x16xf32>, "
                      "tensor<2x5xi64>) -> tensor<2x5x16xf32>"),
            "w100 p2 p5 p16 | 0 3 | 1 2 => | 1 2 3");
}

TEST(FactorsTest, SliceAndConcatSplitOnlyUntouchedDims) {
  EXPECT_EQ(factorsOf("%x: tensor<4x8xf32>",
                      R"(graph.slice %x {starts = #graph.dims<"0", "2">, steps = array<i64: 1, 2>} :
                         (tensor<4x8xf32>) -> tensor<4x3xf32>)"),
            "p4 w8 w3 | 0 1 => | 0 2");
  EXPECT_EQ(factorsOf("%x: tensor<4x8xf32>, %y: tensor<4x1xf32>",
                      "graph.concat %x, %y {axis = 1 : i64} : (tensor<4x8xf32>, tensor<4x1xf32>) "
                      "-> tensor<4x9xf32>"),
            "p4 w9 w8 w1 | 0 2 | 0 3 => | 0 1");
}

TEST(FactorsTest, TransposePermutes) {
  EXPECT_EQ(factorsOf("%x: tensor<2x3x4xf32>",
                      "graph.transpose %x {permutation = array<i64: 2, 0, 1>} : "
                      "(tensor<2x3x4xf32>) -> tensor<4x2x3xf32>"),
            "p4 p2 p3 | 1 2 0 => | 0 1 2");
}

std::string workOf(const std::string& arguments, const std::string& body) {
  ParsedModule parsed(arguments, body);
  if (!parsed.ok()) return parsed.error();
  OpWork work = mlir::cast<Work>(parsed.last()).getWork();
  return work.operations.str() + " operations, " + work.bytes.str() + " bytes";
}

TEST(WorkTest, ContractCountsMultiplyAddsAsTwo) {
  EXPECT_EQ(workOf(R"(%a: tensor<?x8xf32, #graph.dims<"n", "">>, %b: tensor<8x4xf32>)",
                   R"(graph.contract %a, %b {equation = "nk,km->nm"} :
                      (tensor<?x8xf32, #graph.dims<"n", "">>, tensor<8x4xf32>) -> tensor<?x4xf32, #graph.dims<"n", "">>)"),
            (DimExpr::symbol("n") * 64).str() + " operations, " +
                (DimExpr::symbol("n") * 48 + 128).str() + " bytes");
}

TEST(WorkTest, ConvolutionCountsOutputTimesKernel) {
  EXPECT_EQ(workOf("%x: tensor<1x3x9x9xf16>, %w: tensor<16x3x3x3xf16>",
                   R"(graph.conv %x, %w {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>,
                      pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} :
                      (tensor<1x3x9x9xf16>, tensor<16x3x3x3xf16>) -> tensor<1x16x9x9xf16>)"),
            std::to_string(2 * 16 * 81 * 27) + " operations, " +
                std::to_string(2 * (243 + 432 + 16 * 81)) + " bytes");
}

}  // namespace
}  // namespace mlc::graph
