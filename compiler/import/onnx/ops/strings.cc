// Ops on strings; what only moves them is with the other movement.
#include "compiler/import/onnx/held.h"
#include "compiler/import/onnx/op_table.h"
#include "runtime/base/objects.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

void checkStrings(Node& node) {
  for (size_t i = 0; i < node.inputCount(); ++i) {
    if (node.dtype(i) != DType::kString) node.invalid("takes strings only");
  }
}

void stringConcat(Node& node) {
  checkStrings(node);
  Emitter& e = node.emitter;
  const graph::Shape shape = e.meet(node.shape(0), node.shape(1));
  node.set(e.emit<graph::StringConcatOp>(e.broadcast(node.value(0), shape),
                                         e.broadcast(node.value(1), shape)));
}

void stringSplit(Node& node) {
  checkStrings(node);
  Emitter& e = node.emitter;
  Value delimiter = e.constant(stringTensor({}, {node.text("delimiter", "")}));
  const int64_t atMost = node.integer("maxsplit", -1);
  if (atMost < -1) node.invalid("has a maxsplit of " + std::to_string(atMost));
  const mlir::ResultRange split = e.emitAll<graph::StringSplitOp>(node.value(0), delimiter, atMost);
  Held held;
  held.dtype = DType::kString;
  held.dims.emplace(node.shape(0).begin(), node.shape(0).end());
  held.dims->push_back(std::nullopt);
  Value counts = split[1];
  node.set(0, valueOfOptional(node, split[0], held));
  node.set(1, counts);
}

void stringNormalizer(Node& node) {
  checkStrings(node);
  Emitter& e = node.emitter;
  const std::string action = node.text("case_change_action", "NONE");
  if (action != "NONE" && action != "LOWER" && action != "UPPER")
    node.invalid("has the case_change_action '" + action + "'");
  const bool isVector = node.rank(0) == 1;
  const bool isRow = node.rank(0) == 2 && node.shape(0)[0].constant() == 1;
  if (!isVector && !isRow) node.invalid("needs strings of [n] or [1, n]");
  std::vector<std::string> words;
  if (const onnx::AttributeProto* given = node.find("stopwords"))
    words.assign(given->strings().begin(), given->strings().end());
  Value stopwords = e.constant(stringTensor({static_cast<int64_t>(words.size())}, words));
  Value kept = e.emit<graph::StringNormalizeOp>(node.value(0), stopwords,
                                                int64_t{action == "UPPER"   ? 1
                                                        : action == "LOWER" ? -1
                                                                            : 0},
                                                node.integer("is_case_sensitive", 0) != 0);
  Held held;
  held.dtype = DType::kString;
  held.dims.emplace();
  if (isRow) held.dims->push_back(DimExpr(1));
  held.dims->push_back(std::nullopt);
  node.set(valueOfOptional(node, kept, held));
}

}  // namespace

std::vector<OpEntry> stringOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"StringConcat", 20, kLast, 2, 2, "", stringConcat},
      {"StringNormalizer", 10, kLast, 1, 1, "case_change_action is_case_sensitive locale stopwords",
       stringNormalizer},
      {"StringSplit", 20, kLast, 1, 1, "delimiter maxsplit", stringSplit},
  };
}

}  // namespace mlc::onnx_import
