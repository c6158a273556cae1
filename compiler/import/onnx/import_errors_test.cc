// What is wrong with a model is said in its own names, with the right code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/import/onnx/model_for_test.h"

namespace mlc::onnx_import {
namespace {

using testing::HasSubstr;

class ImportErrors : public testing::Test {
 protected:
  // The error of importing the model; fails the test if there is none.
  Status error(ModelForTest& model, const ImportOptions& options = {}) {
    StatusOr<ImportedModel> result = model.import(context_, options);
    EXPECT_FALSE(result.ok());
    return result.ok() ? okStatus() : result.status();
  }

  void expectInvalid(ModelForTest& model, const std::string& text) {
    const Status status = error(model);
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_THAT(status.message(), HasSubstr(text));
  }

  void expectUnsupported(ModelForTest& model, const std::string& text) {
    const Status status = error(model);
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_THAT(status.message(), HasSubstr(text));
  }

  mlir::MLIRContext context_;
};

TEST_F(ImportErrors, ListsAllThatIsUnsupportedAtOnce) {
  ModelForTest m;
  m.input("x", {"2"});
  m.node("FooBar", {"x"}, {"a"}, "foo");
  m.node("FooBar", {"a"}, {"b"});
  m.node("RoiAlign", {"b"}, {"c"}, "align");
  setInt(m.node("Relu", {"c"}, {"d"}, "act"), "slope", 1);
  m.node("Swish", {"d"}, {"e"}, "newer");
  m.floats("w", {1}).set_data_type(onnx::TensorProto::COMPLEX64);
  m.output("d");
  const Status status = error(m);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(),
              HasSubstr("unsupported: op FooBar (2 nodes, first 'foo' (FooBar))"));
  EXPECT_THAT(status.message(),
              HasSubstr("unsupported: op RoiAlign (1 node, first 'align' (RoiAlign))"));
  EXPECT_THAT(status.message(), HasSubstr("unsupported: attribute 'slope' of Relu (1 node"));
  EXPECT_THAT(status.message(),
              HasSubstr("unsupported: element type COMPLEX64 (1 tensor, first 'w')"));
  EXPECT_THAT(status.message(), HasSubstr("op Swish of opset 17"));
}

TEST_F(ImportErrors, Versions) {
  ModelForTest m;
  m.model.mutable_opset_import(0)->set_version(99);
  expectUnsupported(m, "opset 99");
  m.model.mutable_opset_import(0)->set_version(6);
  expectUnsupported(m, "opset 6");
  m.model.clear_opset_import();
  m.input("x", {"2"});
  m.node("Relu", {"x"}, {"y"});
  expectInvalid(m, "does not say which opset");
  ModelForTest n;
  n.model.set_ir_version(400);
  expectInvalid(n, "IR version 400");
}

TEST_F(ImportErrors, CycleNamesItsNodes) {
  ModelForTest m;
  m.input("x", {"2"});
  m.node("Add", {"x", "c"}, {"a"}, "first");
  m.node("Relu", {"a"}, {"b"}, "second");
  m.node("Neg", {"b"}, {"c"}, "third");
  m.output("c");
  expectInvalid(m, "cycle: 'first' (Add) <- 'third' (Neg) <- 'second' (Relu) <- 'first' (Add)");
}

TEST_F(ImportErrors, NamesThatAreMissingOrTwice) {
  ModelForTest m;
  m.input("x", {"2"});
  m.node("Add", {"x", "ghost"}, {"y"}, "plus");
  m.output("y");
  expectInvalid(m, "'plus' (Add) reads 'ghost', which nothing defines");
  ModelForTest twice;
  twice.input("x", {"2"});
  twice.node("Relu", {"x"}, {"y"}, "one");
  twice.node("Neg", {"x"}, {"y"}, "two");
  expectInvalid(twice, "value 'y' is defined twice, the second time by node 'two' (Neg)");
  ModelForTest inputs;
  inputs.input("x", {"2"});
  inputs.input("x", {"2"});
  expectInvalid(inputs, "value 'x' is defined twice");
  ModelForTest output;
  output.input("x", {"2"});
  output.output("y");
  expectInvalid(output, "output 'y'");
}

TEST_F(ImportErrors, ShapesThatDoNotFit) {
  ModelForTest m;
  m.input("a", {"2", "3"});
  m.input("b", {"4", "5"});
  m.node("MatMul", {"a", "b"}, {"y"}, "product");
  m.output("y");
  expectInvalid(m, "'product' (MatMul): sizes of dims that are multiplied: 3 and 4 differ");
  ModelForTest add;
  add.input("a", {"2", "3"});
  add.input("b", {"2", "4"});
  add.node("Add", {"a", "b"}, {"y"}, "sum");
  expectInvalid(add, "'sum' (Add): shapes that do not broadcast: 3 and 4 differ");
  ModelForTest axis;
  axis.input("x", {"2", "3"});
  setInt(axis.node("Softmax", {"x"}, {"y"}, "soft"), "axis", 2);
  expectInvalid(axis, "'soft' (Softmax): axis 2 of a tensor of rank 2");
  ModelForTest reshape;
  reshape.input("x", {"2", "3"});
  reshape.integers("shape", {4, 2});
  reshape.node("Reshape", {"x", "shape"}, {"y"}, "bad");
  expectInvalid(reshape, "'bad' (Reshape): reshapes 6 elements to 8");
}

TEST_F(ImportErrors, SizesBeyond64Bits) {
  ModelForTest m;
  m.input("x", {"4611686018427387904", "4"});
  expectInvalid(m, "input 'x'");
  ModelForTest negative;
  negative.input("x", {"-7"});
  expectInvalid(negative, "input 'x' has a dim of -7");
  ModelForTest weight;
  weight.floats("w", {}).add_dims(int64_t{1} << 62);
  weight.graph().mutable_initializer(0)->add_dims(8);
  expectInvalid(weight, "tensor 'w'");
  ModelForTest grown;
  grown.input("x", {"2147483648", "1"});
  grown.integers("shape", {2147483648, 2147483648, 4});
  grown.node("Expand", {"x", "shape"}, {"y"}, "grow");
  expectInvalid(grown, "'grow' (Expand)");
}

TEST_F(ImportErrors, WeightsOfTheWrongSize) {
  ModelForTest m;
  m.floats("w", {4}).mutable_raw_data()->resize(15);
  expectInvalid(m, "tensor 'w': has 15 bytes, its type and shape need 16");
  ModelForTest typed;
  typed.integers("n", {1, 2, 3}).set_dims(0, 4);
  expectInvalid(typed, "tensor 'n': has 3 values, its shape needs 4");
  // A huge shape without data must not take memory.
  ModelForTest huge;
  huge.integers("n", {1}).set_dims(0, int64_t{1} << 50);
  expectInvalid(huge, "tensor 'n': has 1 values");
}

TEST_F(ImportErrors, InputsOfNodes) {
  ModelForTest m;
  m.input("x", {"2"});
  m.node("Add", {"x"}, {"y"}, "half");
  expectInvalid(m, "'half' (Add): has 1 inputs, needs 2");
  ModelForTest types;
  types.input("x", {"2"});
  types.input("i", {"2"}, onnx::TensorProto::INT64);
  types.node("Add", {"x", "i"}, {"y"}, "mixed");
  expectInvalid(types, "'mixed' (Add)");
  ModelForTest attribute;
  attribute.input("x", {"2"});
  auto* wrong = attribute.node("Softmax", {"x"}, {"y"}, "soft").add_attribute();
  wrong->set_name("axis");
  wrong->set_type(onnx::AttributeProto::FLOAT);
  expectInvalid(attribute, "attribute 'axis' is of type FLOAT, must be INT");
}

TEST_F(ImportErrors, ShapesFromData) {
  ModelForTest m;
  m.input("x", {"6"});
  m.input("shape", {"k"}, onnx::TensorProto::INT64);
  m.node("Reshape", {"x", "shape"}, {"y"}, "dynamic");
  expectUnsupported(m, "'dynamic' (Reshape): its shape has no known number of elements");
  ModelForTest rank;
  rank.input("x", {});
  rank.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  expectUnsupported(rank, "input 'x' has no shape");
}

TEST_F(ImportErrors, BoundDims) {
  ModelForTest m;
  m.input("x", {"batch"});
  m.node("Relu", {"x"}, {"y"});
  m.output("y");
  Status status = error(m, {{{"bacth", 2}}});
  EXPECT_EQ(status.code(), StatusCode::kUsage);
  EXPECT_THAT(status.message(), HasSubstr("no dim named 'bacth'"));
  EXPECT_EQ(error(m, {{{"batch", -2}}}).code(), StatusCode::kUsage);
}

TEST_F(ImportErrors, RecursiveFunctions) {
  ModelForTest m;
  m.input("x", {"2"});
  m.node("Twice", {"x"}, {"y"}, "call").set_domain("own");
  m.output("y");
  auto* import = m.model.add_opset_import();
  import->set_domain("own");
  import->set_version(1);
  auto* function = m.model.add_functions();
  function->set_name("Twice");
  function->set_domain("own");
  function->add_input("a");
  function->add_output("b");
  *function->add_opset_import() = *import;
  auto* node = function->add_node();
  node->set_op_type("Twice");
  node->set_domain("own");
  node->add_input("a");
  node->add_output("b");
  expectInvalid(m, "functions call each other without end");
}

}  // namespace
}  // namespace mlc::onnx_import
