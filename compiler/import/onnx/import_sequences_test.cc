// Sequences whose tensors are known leave nothing in the graph; others become objects of the run.
#include <gtest/gtest.h>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/import/onnx/model_for_test.h"

namespace mlc::onnx_import {
namespace {

// The ops of a model that touch strings, sequences or optionals.
std::vector<std::string> opsOnReferences(ModelForTest& m) {
  mlir::MLIRContext context;
  const StatusOr<ImportedModel> imported = m.import(context);
  EXPECT_TRUE(imported.ok()) << imported.status().message();
  std::vector<std::string> names;
  if (!imported.ok()) return names;
  imported->module.get()->walk([&](mlir::Operation* op) {
    auto isReferenceValue = [](mlir::Value value) {
      return isReference(graph::dtypeOf(value.getType()));
    };
    if (op->getDialect()->getNamespace() == "graph" &&
        (llvm::any_of(op->getOperands(), isReferenceValue) ||
         llvm::any_of(op->getResults(), isReferenceValue))) {
      names.push_back(op->getName().stripDialect().str());
    }
  });
  return names;
}

std::string errorOf(ModelForTest& m, StatusCode code) {
  mlir::MLIRContext context;
  const StatusOr<ImportedModel> imported = m.import(context);
  EXPECT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().code(), code);
  return imported.status().message();
}

TEST(ImportSequences, KnownOnesLeaveNothing) {
  ModelForTest m;
  m.input("x", {"n", "6"});
  m.integers("sizes", {1, 2, 3});
  m.integers("first", {0}, true);
  m.integers("last", {-1}, true);
  setInt(m.node("SplitToSequence", {"x", "sizes"}, {"s"}), "axis", 1);
  m.node("SequenceAt", {"s", "last"}, {"a"});
  m.node("SequenceInsert", {"s", "a", "first"}, {"t"});
  m.node("SequenceErase", {"t", "first"}, {"u"});
  setInt(m.node("ConcatFromSequence", {"u"}, {"y"}), "axis", 1);
  m.node("SequenceLength", {"u"}, {"length"});
  m.node("Optional", {"y"}, {"o"});
  m.node("OptionalGetElement", {"o"}, {"z"});
  m.node("OptionalHasElement", {"o"}, {"has"});
  for (const char* output : {"z", "length", "has"}) m.output(output);
  EXPECT_EQ(opsOnReferences(m), std::vector<std::string>());
}

TEST(ImportSequences, OnlyWhatIsUsedIsMade) {
  ModelForTest m;
  m.input("x", {"n"});
  m.input("position", {}, onnx::TensorProto::INT64);
  m.node("SequenceConstruct", {"x", "x"}, {"s"});
  m.node("SequenceAt", {"s", "position"}, {"y"});
  m.output("y");
  EXPECT_EQ(opsOnReferences(m), (std::vector<std::string>{"sequence_of", "sequence_at",
                                                          "optional_shape", "optional_get"}));
}

TEST(ImportSequences, ManyPartsAreSplitByTheRun) {
  ModelForTest m;
  m.input("x", {"1000"});
  m.node("SplitToSequence", {"x"}, {"s"});
  m.output("s");
  EXPECT_EQ(opsOnReferences(m), std::vector<std::string>{"split_to_sequence"});
}

TEST(ImportSequences, PositionsThatAreKnownAreChecked) {
  ModelForTest m;
  m.input("x", {"n"});
  m.integers("position", {2}, true);
  m.node("SequenceConstruct", {"x", "x"}, {"s"});
  m.node("SequenceAt", {"s", "position"}, {"y"}, "pick");
  m.output("y");
  const std::string error = errorOf(m, StatusCode::kInvalid);
  EXPECT_NE(error.find("pick"), std::string::npos) << error;
  EXPECT_NE(error.find("position 2 is out of range: the sequence has 2 tensors"), std::string::npos)
      << error;
}

TEST(ImportSequences, TensorsOfASequenceHaveOneType) {
  ModelForTest m;
  m.input("x", {"n"});
  m.input("i", {"n"}, onnx::TensorProto::INT64);
  m.node("SequenceConstruct", {"x", "i"}, {"s"}, "mix");
  m.output("s");
  EXPECT_NE(errorOf(m, StatusCode::kInvalid).find("mix"), std::string::npos);
}

TEST(ImportSequences, NumbersAreNotComputedOfStrings) {
  ModelForTest m;
  m.input("x", {"n"}, onnx::TensorProto::STRING);
  m.node("Abs", {"x"}, {"y"}, "size");
  m.output("y");
  const std::string error = errorOf(m, StatusCode::kUnsupported);
  EXPECT_NE(error.find("size"), std::string::npos) << error;
  EXPECT_NE(error.find("takes no string"), std::string::npos) << error;
}

TEST(ImportSequences, AnAbsentOptionalHasNoElement) {
  ModelForTest m;
  auto* type = m.node("Optional", {}, {"o"}).add_attribute();
  type->set_name("type");
  type->set_type(onnx::AttributeProto::TYPE_PROTO);
  type->mutable_tp()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  m.node("OptionalGetElement", {"o"}, {"y"}, "take");
  m.output("y");
  const std::string error = errorOf(m, StatusCode::kInvalid);
  EXPECT_NE(error.find("take"), std::string::npos) << error;
}

}  // namespace
}  // namespace mlc::onnx_import
