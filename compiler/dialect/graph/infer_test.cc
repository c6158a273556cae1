#include "compiler/dialect/graph/infer.h"

#include "compiler/dialect/graph/parse_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mlc::graph {
namespace {

using testing::HasSubstr;

std::string errorOf(const std::string& arguments, const std::string& body) {
  return ParsedModule(arguments, body).error();
}

std::string conv(const std::string& attributes, const std::string& input, const std::string& filter,
                 const std::string& result) {
  return "graph.conv %x, %w {strides = array<i64: 2, 2>, pads_low = array<i64: 1, 1>, pads_high = "
         "array<i64: 1, 1>, "
         "dilations = array<i64: 1, 1>" +
         attributes + "} : (" + input + ", " + filter + ") -> " + result;
}

TEST(InferTest, ConvolutionHalvesASymbolicDim) {
  std::string x = R"(tensor<?x3x?x224xf32, #graph.dims<"n", "", "h", "">>)",
              w = "tensor<8x3x3x3xf32>";
  StatusOr<DimExpr> h = DimExpr::parse("(h - 1) / 2 + 1");
  ASSERT_TRUE(h.ok());
  std::string result = R"(tensor<?x8x?x112xf32, #graph.dims<"n", "", ")" + h->str() + R"(", "">>)";
  EXPECT_EQ(errorOf("%x: " + x + ", %w: " + w, conv("", x, w, result)), "");
  EXPECT_THAT(errorOf("%x: " + x + ", %w: " + w, conv("", x, w, x)),
              HasSubstr("incompatible with return type"));
}

TEST(InferTest, ConvolutionChecksChannels) {
  std::string x = "tensor<1x6x8x8xf32>", w = "tensor<8x2x3x3xf32>", result = "tensor<1x8x4x4xf32>";
  std::string arguments = "%x: " + x + ", %w: " + w;
  EXPECT_THAT(errorOf(arguments, conv("", x, w, result)), HasSubstr("channels"));
  EXPECT_THAT(errorOf(arguments, conv(", groups = 3 : i64", x, w, result)),
              HasSubstr("8 output channels for 3 groups"));
}

TEST(InferTest, ConvolutionOfBytesGivesI32) {
  std::string x = "tensor<1x2x8x8xui8>", w = "tensor<8x2x3x3xi8>";
  std::string arguments = "%x: " + x + ", %w: " + w;
  EXPECT_EQ(errorOf(arguments, conv("", x, w, "tensor<1x8x4x4xi32>")), "");
  EXPECT_THAT(errorOf("%x: " + x + ", %w: tensor<8x2x3x3xf32>",
                      conv("", x, "tensor<8x2x3x3xf32>", "tensor<1x8x4x4xf32>")),
              HasSubstr("cannot convolve"));
}

TEST(InferTest, ContractChecksLettersAndSizes) {
  std::string arguments = "%a: tensor<4x8xf32>, %b: tensor<7x5xf32>",
              types = " : (tensor<4x8xf32>, tensor<7x5xf32>) -> tensor<4x5xf32>";
  EXPECT_THAT(errorOf(arguments, R"(graph.contract %a, %b {equation = "nk,km->nm"})" + types),
              HasSubstr("letter 'k': dims 8 and 7 differ"));
  EXPECT_THAT(errorOf(arguments, R"(graph.contract %a, %b {equation = "nk,km->nz"})" + types),
              HasSubstr("letter 'z' of the result is in no operand"));
  EXPECT_THAT(errorOf(arguments, R"(graph.contract %a, %b {equation = "nn,km->nm"})" + types),
              HasSubstr("occurs twice"));
  EXPECT_THAT(errorOf(arguments, R"(graph.contract %a, %b {equation = "nkm"})" + types),
              HasSubstr("not of the form"));
}

TEST(InferTest, BytesContractToI32) {
  EXPECT_EQ(
      errorOf(
          "%a: tensor<4x8xui8>, %b: tensor<8x5xi8>",
          R"(graph.contract %a, %b {equation = "nk,km->nm"} : (tensor<4x8xui8>, tensor<8x5xi8>) -> tensor<4x5xi32>)"),
      "");
}

TEST(InferTest, ConcatAddsSymbolicDims) {
  EXPECT_EQ(
      errorOf(
          R"(%past: tensor<2x?xf32, #graph.dims<"", "past">>, %new: tensor<2x1xf32>)",
          R"(graph.concat %past, %new {axis = 1 : i64} : (tensor<2x?xf32, #graph.dims<"", "past">>, tensor<2x1xf32>)
                       -> tensor<2x?xf32, #graph.dims<"", ")" +
              (DimExpr::symbol("past") + 1).str() + R"(">>)"),
      "");
}

TEST(InferTest, ElementwiseNamesWhatIsWrong) {
  EXPECT_THAT(errorOf("%a: tensor<4xf32>, %b: tensor<4xi32>",
                      "graph.add %a, %b : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>"),
              HasSubstr("element types"));
  EXPECT_THAT(errorOf("%a: tensor<4xi32>", "graph.exp %a : (tensor<4xi32>) -> tensor<4xi32>"),
              HasSubstr("floating-point"));
}

TEST(VerifyTest, ReshapeKeepsTheElementCount) {
  EXPECT_THAT(
      errorOf("%a: tensor<4x6xf32>", "graph.reshape %a : (tensor<4x6xf32>) -> tensor<5x5xf32>"),
      HasSubstr("24 elements to 25"));
  EXPECT_EQ(
      errorOf(
          R"(%a: tensor<4x?xf32, #graph.dims<"", "n">>)",
          R"(graph.reshape %a : (tensor<4x?xf32, #graph.dims<"", "n">>) -> tensor<?xf32, #graph.dims<"m">>)"),
      "");
}

TEST(VerifyTest, SliceStaysInBounds) {
  auto slice = [](const std::string& start, const std::string& step, const std::string& result) {
    return errorOf("%a: tensor<8xf32>", "graph.slice %a {starts = #graph.dims<\"" + start +
                                            "\">, steps = array<i64: " + step +
                                            ">} : (tensor<8xf32>) -> tensor<" + result + "xf32>");
  };
  EXPECT_EQ(slice("7", "-1", "8"), "");
  EXPECT_EQ(slice("8", "1", "0"), "");
  EXPECT_THAT(slice("2", "2", "4"), HasSubstr("reads index 8"));
  EXPECT_THAT(slice("3", "-2", "3"), HasSubstr("reads index -1"));
  EXPECT_THAT(slice("0", "0", "1"), HasSubstr("step of 0"));
}

TEST(VerifyTest, EncodingsNameExactlyTheDynamicDims) {
  EXPECT_THAT(errorOf(R"(%a: tensor<4x?xf32, #graph.dims<"n", "m">>)", ""),
              HasSubstr("exactly the dynamic dims"));
  EXPECT_THAT(errorOf(R"(%a: tensor<4x?xf32, #graph.dims<"m">>)", ""),
              HasSubstr("has 1 dims, the tensor 2"));
  EXPECT_THAT(errorOf(R"(%a: tensor<?xf32, #graph.dims<"m + 0">>)", ""),
              HasSubstr("not canonical"));
}

TEST(VerifyTest, LoopBodyMatchesWhatItCarries) {
  std::string arguments = "%n: tensor<i64>, %c: tensor<i1>, %x: tensor<4xf32>";
  auto loop = [](const std::string& yielded) {
    return R"(%r:2 = graph.loop %n, %c, %x : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32, #graph.dims<"n", "">>) {
      ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<4xf32>):
        %w = graph.neg %v : (tensor<4xf32>) -> tensor<4xf32>
        graph.yield )" +
           yielded + "}";
  };
  EXPECT_EQ(errorOf(arguments, loop("%go, %w, %v : tensor<i1>, tensor<4xf32>, tensor<4xf32>")), "");
  EXPECT_THAT(errorOf(arguments, loop("%go, %w : tensor<i1>, tensor<4xf32>")),
              HasSubstr("yields 2 values instead of 3"));
  EXPECT_THAT(errorOf(arguments, loop("%go, %i, %v : tensor<i1>, tensor<i64>, tensor<4xf32>")),
              HasSubstr("yields 'tensor<i64>'"));
}

TEST(VerifyTest, IfTakesAScalarCondition) {
  EXPECT_THAT(errorOf("%c: tensor<2xi1>", "graph.if %c : (tensor<2xi1>) -> () then {} else {}"),
              HasSubstr("scalar bool"));
  EXPECT_EQ(
      errorOf(
          "%c: tensor<i1>, %x: tensor<4xf32>",
          R"(%r = graph.if %c : (tensor<i1>) -> tensor<4xf32> then { graph.yield %x : tensor<4xf32> } else {
                       %n = graph.neg %x : (tensor<4xf32>) -> tensor<4xf32>
                       graph.yield %n : tensor<4xf32> })"),
      "");
}

TEST(InferTest, SequencesAndOptionalsKnowWhatTheyHold) {
  const std::string sequence = "tensor<!graph.sequence<f32>>",
                    optional = "tensor<!graph.optional<f32>>";
  const std::string arguments = "%s: " + sequence + ", %x: tensor<4xf32>, %i: tensor<4xi64>";
  EXPECT_EQ(errorOf(arguments, "%t = graph.sequence_insert %s, %x : (" + sequence +
                                   ", tensor<4xf32>) -> " + sequence),
            "");
  EXPECT_THAT(errorOf(arguments, "%t = graph.sequence_insert %s, %i : (" + sequence +
                                     ", tensor<4xi64>) -> " + sequence),
              HasSubstr("holds 'f32', but is given 'tensor<4xi64>'"));
  EXPECT_THAT(errorOf(arguments, "%t = graph.sequence_insert %s, %x, %i : (" + sequence +
                                     ", tensor<4xf32>, tensor<4xi64>) -> " + sequence),
              HasSubstr("needs a scalar i64 as position"));
  EXPECT_THAT(errorOf(arguments, "%n = graph.sequence_length %x : (tensor<4xf32>) -> tensor<i64>"),
              HasSubstr("needs a sequence"));
  EXPECT_THAT(errorOf("%o: " + optional,
                      "%x = graph.optional_get %o : (" + optional + ") -> tensor<4xi64>"),
              HasSubstr("holds 'f32'"));
}

TEST(VerifyTest, SequencesHoldTensorsOfNumbersOrStrings) {
  EXPECT_EQ(errorOf("%a: tensor<!graph.optional<!graph.sequence<!graph.string>>>", ""), "");
  EXPECT_THAT(errorOf("%a: tensor<!graph.sequence<!graph.optional<f32>>>", ""),
              HasSubstr("a sequence holds tensors of numbers or strings"));
  EXPECT_THAT(errorOf("%a: tensor<!graph.optional<!graph.optional<f32>>>", ""),
              HasSubstr("an optional holds tensors of numbers or strings, or a sequence"));
}

TEST(VerifyTest, StringsFillTheirTensor) {
  EXPECT_EQ(
      errorOf("", R"(%s = graph.strings {texts = ["a", "b"]} : () -> tensor<2x!graph.string>)"),
      "");
  EXPECT_THAT(errorOf("", R"(%s = graph.strings {texts = ["a"]} : () -> tensor<2x!graph.string>)"),
              HasSubstr("has 1 strings"));
}

}  // namespace
}  // namespace mlc::graph
