// Comparisons, logic, selection and casts.
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/tensor_reader.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

template <graph::Predicate predicate>
void compare(Node& node) {
  node.set(node.emitter.binary<graph::CompareOp>(node.value(0), node.value(1), predicate));
}

template <typename Op>
void binary(Node& node) {
  node.set(node.emitter.binary<Op>(node.value(0), node.value(1)));
}

void negate(Node& node) { node.set(node.emitter.emit<graph::NotOp>(node.value(0))); }

void bitShift(Node& node) {
  const std::string direction = node.text("direction", "");
  if (direction == "LEFT") {
    binary<graph::ShiftLeftOp>(node);
  } else if (direction == "RIGHT") {
    binary<graph::ShiftRightOp>(node);
  } else {
    node.invalid("has the direction '" + direction + "'");
  }
}

void where(Node& node) {
  node.set(node.emitter.emit<graph::SelectOp>(node.value(0), node.value(1), node.value(2)));
}

void isNan(Node& node) { node.set(node.emitter.emit<graph::IsNanOp>(node.value(0))); }

void isInf(Node& node) {
  Emitter& e = node.emitter;
  Value x = node.value(0);
  const bool positive = node.integer("detect_positive", 1) != 0,
             negative = node.integer("detect_negative", 1) != 0;
  Value infinite = e.emit<graph::IsInfOp>(x);
  if (positive && negative) {
    node.set(infinite);
    return;
  }
  Value zero = e.scalarLike(0, x);
  Value wanted =
      e.binary<graph::CompareOp>(x, zero, positive ? graph::Predicate::gt : graph::Predicate::lt);
  // Neither is wanted: never true.
  if (!positive && !negative) wanted = e.binary<graph::CompareOp>(x, x, graph::Predicate::lt);
  node.set(e.binary<graph::AndOp>(infinite, wanted));
}

// Numbers out of the range of an integer of less than a byte keep their low bits, as in the
// suite's cases; of 8-bit floats the node says it.
Conversion conversionOf(Node& node, DType to) {
  Conversion conversion;
  conversion.saturate = isFloat(to) && node.integer("saturate", 1) != 0;
  const std::string rounding = node.text("round_mode", "up");
  if (rounding == "down") {
    conversion.rounding = Conversion::Rounding::kDown;
  } else if (rounding == "nearest") {
    conversion.rounding = Conversion::Rounding::kNearest;
  } else if (rounding != "up") {
    node.invalid("has the round_mode '" + rounding + "'");
  }
  return conversion;
}

void cast(Node& node) {
  const int64_t to = node.integer("to", 0);
  const std::optional<DType> type = dtypeFromOnnx(static_cast<int>(to));
  if (!type) node.unsupported("casts to " + dataTypeName(static_cast<int>(to)));
  node.set(node.emitter.cast(node.value(0), *type, conversionOf(node, *type)));
}

void castLike(Node& node) {
  node.set(node.emitter.cast(node.value(0), node.dtype(1), conversionOf(node, node.dtype(1))));
}

}  // namespace

std::vector<OpEntry> logicalOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"And", 7, kLast, 2, 2, "", binary<graph::AndOp>},
      {"BitShift", 11, kLast, 2, 2, "direction", bitShift},
      {"BitwiseAnd", 18, kLast, 2, 2, "", binary<graph::AndOp>},
      {"BitwiseNot", 18, kLast, 1, 1, "", negate},
      {"BitwiseOr", 18, kLast, 2, 2, "", binary<graph::OrOp>},
      {"BitwiseXor", 18, kLast, 2, 2, "", binary<graph::XorOp>},
      {"Cast", 7, kLast, 1, 1, "to saturate round_mode", cast},
      {"CastLike", 15, kLast, 2, 2, "saturate round_mode", castLike},
      {"Equal", 7, kLast, 2, 2, "", compare<graph::Predicate::eq>},
      {"Greater", 7, kLast, 2, 2, "", compare<graph::Predicate::gt>},
      {"GreaterOrEqual", 12, kLast, 2, 2, "", compare<graph::Predicate::ge>},
      {"IsInf", 10, kLast, 1, 1, "detect_positive detect_negative", isInf},
      {"IsNaN", 9, kLast, 1, 1, "", isNan},
      {"Less", 7, kLast, 2, 2, "", compare<graph::Predicate::lt>},
      {"LessOrEqual", 12, kLast, 2, 2, "", compare<graph::Predicate::le>},
      {"Not", 7, kLast, 1, 1, "", negate},
      {"Or", 7, kLast, 2, 2, "", binary<graph::OrOp>},
      {"Where", 9, kLast, 3, 3, "", where},
      {"Xor", 7, kLast, 2, 2, "", binary<graph::XorOp>},
  };
}

}  // namespace mlc::onnx_import
