// Arithmetic and activations, element by element.
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/activation.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

template <typename Op>
void unary(Node& node) {
  node.set(node.emitter.emit<Op>(node.value(0)));
}

template <typename Op>
void binary(Node& node) {
  node.set(node.emitter.binary<Op>(node.value(0), node.value(1)));
}

// Any number of operands, combined from the left.
template <typename Op>
Value combine(Node& node) {
  Value result = node.value(0);
  for (size_t i = 1; i < node.inputCount(); ++i)
    result = node.emitter.binary<Op>(result, node.value(i));
  return result;
}

template <typename Op>
void variadic(Node& node) {
  node.set(combine<Op>(node));
}

// The sum of all operands, of narrow floats in f32.
Value sumOf(Node& node) {
  const DType type = node.dtype(0);
  const DType wide = isFloat(type) && type != DType::kF64 ? DType::kF32 : type;
  Value result = node.emitter.cast(node.value(0), wide);
  for (size_t i = 1; i < node.inputCount(); ++i)
    result = node.emitter.binary<graph::AddOp>(result, node.emitter.cast(node.value(i), wide));
  return result;
}

void sum(Node& node) { node.set(node.emitter.cast(sumOf(node), node.dtype(0))); }

void mean(Node& node) {
  Value total = sumOf(node);
  Value quotient = node.emitter.binary<graph::DivOp>(
      total, node.emitter.scalarLike(static_cast<double>(node.inputCount()), total));
  node.set(node.emitter.cast(quotient, node.dtype(0)));
}

// The exponent may have another type; the result has the base's.
// The type in which a power of these is computed, so that its exponent is not changed.
DType powerType(Node& node) {
  const DType base = node.dtype(0), exponent = node.dtype(1);
  if (base == exponent) return base;
  if (isFloat(exponent)) return isFloat(base) ? base : DType::kF64;
  // Integers wrap around, so that a wider type gives the same.
  if (!isFloat(base)) {
    return base == DType::kU64 || exponent == DType::kU64 ? DType::kU64 : DType::kI64;
  }
  constexpr int64_t kExactInAllFloats = 256;
  const std::optional<Elements>& known = node.input(1).elements;
  const bool isExact =
      known && llvm::all_of(*known, [](const DimExpr& element) {
        return std::abs(element.constant().value_or(INT64_MAX)) <= kExactInAllFloats;
      });
  return isExact ? base : DType::kF64;
}

void pow(Node& node) {
  Emitter& e = node.emitter;
  const DType type = node.dtype(0), via = powerType(node);
  Value base = e.cast(node.value(0), via), exponent = node.value(1);
  Value power = e.binary<graph::PowOp>(base, e.cast(exponent, via));
  if (type == DType::kU64 && via == type && node.dtype(1) != type) {
    // Of powers with negative exponents, only those of 1 are no fractions.
    Value isNegative =
        e.binary<graph::CompareOp>(exponent, e.scalarLike(0, exponent), graph::Predicate::lt);
    Value isOne = e.binary<graph::CompareOp>(base, e.scalarLike(1, base), graph::Predicate::eq);
    power = e.emit<graph::SelectOp>(isNegative, e.cast(isOne, via), power);
  }
  node.set(e.cast(power, type));
}

// The remainder of floats with the sign of the divisor.
Value floorMod(Emitter& e, Value a, Value b) {
  Value rest = e.binary<graph::ModOp>(a, b), zero = e.scalarLike(0, b);
  auto isNegative = [&](Value x) {
    return e.binary<graph::CompareOp>(x, zero, graph::Predicate::lt);
  };
  Value differ = e.binary<graph::XorOp>(isNegative(rest), isNegative(b));
  Value moved = e.emit<graph::SelectOp>(differ, e.binary<graph::AddOp>(rest, b), rest);
  Value none = e.emit<graph::SelectOp>(isNegative(b), e.scalarLike(-0.0, b), zero);
  return e.emit<graph::SelectOp>(e.binary<graph::CompareOp>(rest, zero, graph::Predicate::eq), none,
                                 moved);
}

// fmod: the sign of the dividend, as C has it; else of the divisor, as python has it.
void mod(Node& node) {
  Emitter& e = node.emitter;
  Value a = node.value(0), b = node.value(1);
  const bool isInteger = !isFloat(node.dtype(0));
  if (node.integer("fmod", 0) == 0 && !isInteger) {
    if (node.opset() < 28) node.invalid("fmod must be 1 for floating-point operands");
    node.set(floorMod(e, a, b));
    return;
  }
  if (node.integer("fmod", 0) != 0 && isInteger) {
    Value quotient = e.binary<graph::DivOp>(a, b);
    node.set(e.binary<graph::SubOp>(a, e.binary<graph::MulOp>(quotient, b)));
  } else {
    node.set(e.binary<graph::ModOp>(a, b));
  }
}

void gelu(Node& node) {
  const std::string kind = node.text("approximate", "none");
  if (kind != "none" && kind != "tanh") node.invalid("approximate is '" + kind + "'");
  node.set(node.emitter.emit<graph::GeluOp>(node.value(0), kind == "tanh"));
}

void clip(Node& node) {
  Emitter& e = node.emitter;
  Value x = node.value(0);
  if (node.opset() < 11) {
    if (node.hasAttribute("min"))
      x = e.binary<graph::MaxOp>(x, e.scalarLike(node.number("min", 0), x));
    if (node.hasAttribute("max"))
      x = e.binary<graph::MinOp>(x, e.scalarLike(node.number("max", 0), x));
  } else {
    if (node.has(1)) x = e.binary<graph::MaxOp>(x, node.value(1));
    if (node.has(2)) x = e.binary<graph::MinOp>(x, node.value(2));
  }
  node.set(x);
}

// Formulas of several steps: the operand, and the result of what was computed from it. Between the
// two the type is f32 at least, so that numbers of a narrower type are rounded once, at the end.
Value wideOperand(Node& node) {
  const DType type = node.dtype(0);
  return node.emitter.cast(node.value(0), type == DType::kF64 ? type : DType::kF32);
}

void setNarrowed(Node& node, Value wide) { node.set(node.emitter.cast(wide, node.dtype(0))); }

void importLeakyRelu(Node& node) {
  node.set(leakyRelu(node.emitter, node.value(0), node.number("alpha", 0.01)));
}

void pRelu(Node& node) {
  Value x = node.value(0);
  node.set(
      whereNegative(node.emitter, x,
                    node.emitter.binary<graph::MulOp>(
                        x, node.emitter.stretchedTo(node.value(1), node.shape(0), "its slope"))));
}

void importElu(Node& node) {
  setNarrowed(node, elu(node.emitter, wideOperand(node), node.number("alpha", 1)));
}

void selu(Node& node) {
  Emitter& e = node.emitter;
  Value x = wideOperand(node);
  const double alpha = node.number("alpha", 1.67326319217681884765625);
  const double gamma = node.number("gamma", 1.05070102214813232421875);
  Value isNegative = e.binary<graph::CompareOp>(x, e.scalarLike(0, x), graph::Predicate::lt);
  Value negative = scaled(e, e.emit<graph::Expm1Op>(x), gamma * alpha);
  setNarrowed(node, e.emit<graph::SelectOp>(isNegative, negative, scaled(e, x, gamma)));
}

void celu(Node& node) {
  Emitter& e = node.emitter;
  Value x = wideOperand(node);
  const double alpha = node.number("alpha", 1);
  Value quotient = alpha == 1 ? x : e.binary<graph::DivOp>(x, e.scalarLike(alpha, x));
  setNarrowed(node, whereNegative(e, x, scaled(e, e.emit<graph::Expm1Op>(quotient), alpha)));
}

void thresholdedRelu(Node& node) {
  Emitter& e = node.emitter;
  Value x = node.value(0);
  Value above =
      e.binary<graph::CompareOp>(x, e.scalarLike(node.number("alpha", 1), x), graph::Predicate::gt);
  node.set(e.emit<graph::SelectOp>(above, x, e.scalarLike(0, x)));
}

void shrink(Node& node) {
  Emitter& e = node.emitter;
  const DType type = node.dtype(0);
  // Integers are compared with numbers that may be fractions, and moved by them.
  Value x = isFloat(type) ? node.value(0) : e.cast(node.value(0), DType::kF64);
  const double lambd = node.number("lambd", 0.5);
  Value bias = e.scalarLike(node.number("bias", 0), x);
  Value above = e.binary<graph::CompareOp>(x, e.scalarLike(lambd, x), graph::Predicate::gt);
  Value below = e.binary<graph::CompareOp>(x, e.scalarLike(-lambd, x), graph::Predicate::lt);
  Value inner = e.emit<graph::SelectOp>(above, e.binary<graph::SubOp>(x, bias), e.scalarLike(0, x));
  Value moved = e.emit<graph::SelectOp>(below, e.binary<graph::AddOp>(x, bias), inner);
  node.set(e.cast(moved, type));
}

void importHardSigmoid(Node& node) {
  setNarrowed(node, hardSigmoid(node.emitter, wideOperand(node), node.number("alpha", 0.2),
                                node.number("beta", 0.5)));
}

void hardSwish(Node& node) {
  Value x = wideOperand(node);
  setNarrowed(node,
              node.emitter.binary<graph::MulOp>(x, hardSigmoid(node.emitter, x, 1.0 / 6, 0.5)));
}

void swish(Node& node) {
  Emitter& e = node.emitter;
  const double alpha = node.number("alpha", 1);
  if (alpha == 1) {
    node.set(e.emit<graph::SiluOp>(node.value(0)));
    return;
  }
  Value x = wideOperand(node);
  setNarrowed(node, e.binary<graph::MulOp>(x, e.emit<graph::SigmoidOp>(scaled(e, x, alpha))));
}

void importSoftsign(Node& node) { setNarrowed(node, softsign(node.emitter, wideOperand(node))); }

}  // namespace

std::vector<OpEntry> elementwiseOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"Abs", 7, kLast, 1, 1, "", unary<graph::AbsOp>},
      {"Acos", 7, kLast, 1, 1, "", unary<graph::AcosOp>},
      {"Acosh", 9, kLast, 1, 1, "", unary<graph::AcoshOp>},
      {"Add", 7, kLast, 2, 2, "", binary<graph::AddOp>},
      {"Asin", 7, kLast, 1, 1, "", unary<graph::AsinOp>},
      {"Asinh", 9, kLast, 1, 1, "", unary<graph::AsinhOp>},
      {"Atan", 7, kLast, 1, 1, "", unary<graph::AtanOp>},
      {"Atanh", 9, kLast, 1, 1, "", unary<graph::AtanhOp>},
      {"Ceil", 7, kLast, 1, 1, "", unary<graph::CeilOp>},
      {"Celu", 12, kLast, 1, 1, "alpha", celu},
      {"Clip", 7, kLast, 1, 3, "min max", clip},
      {"Cos", 7, kLast, 1, 1, "", unary<graph::CosOp>},
      {"Cosh", 9, kLast, 1, 1, "", unary<graph::CoshOp>},
      {"Div", 7, kLast, 2, 2, "", binary<graph::DivOp>},
      {"Elu", 7, kLast, 1, 1, "alpha", importElu},
      {"Erf", 9, kLast, 1, 1, "", unary<graph::ErfOp>},
      {"Exp", 7, kLast, 1, 1, "", unary<graph::ExpOp>},
      {"Floor", 7, kLast, 1, 1, "", unary<graph::FloorOp>},
      {"Gelu", 20, kLast, 1, 1, "approximate", gelu},
      {"HardSigmoid", 7, kLast, 1, 1, "alpha beta", importHardSigmoid},
      {"HardSwish", 14, kLast, 1, 1, "", hardSwish},
      {"LeakyRelu", 7, kLast, 1, 1, "alpha", importLeakyRelu},
      {"Log", 7, kLast, 1, 1, "", unary<graph::LogOp>},
      {"Max", 7, kLast, 1, kAnyNumber, "", variadic<graph::MaxOp>},
      {"Mean", 7, kLast, 1, kAnyNumber, "", mean},
      {"Min", 7, kLast, 1, kAnyNumber, "", variadic<graph::MinOp>},
      {"Mish", 18, kLast, 1, 1, "", unary<graph::MishOp>},
      {"Mod", 10, kLast, 2, 2, "fmod", mod},
      {"Mul", 7, kLast, 2, 2, "", binary<graph::MulOp>},
      {"Neg", 7, kLast, 1, 1, "", unary<graph::NegOp>},
      {"Pow", 7, kLast, 2, 2, "", pow},
      {"PRelu", 7, kLast, 2, 2, "", pRelu},
      {"Reciprocal", 7, kLast, 1, 1, "", unary<graph::ReciprocalOp>},
      {"Relu", 7, kLast, 1, 1, "", unary<graph::ReluOp>},
      {"Round", 11, kLast, 1, 1, "", unary<graph::RoundOp>},
      {"Selu", 7, kLast, 1, 1, "alpha gamma", selu},
      {"Shrink", 9, kLast, 1, 1, "lambd bias", shrink},
      {"Sigmoid", 7, kLast, 1, 1, "", unary<graph::SigmoidOp>},
      {"Sign", 9, kLast, 1, 1, "", unary<graph::SignOp>},
      {"Sin", 7, kLast, 1, 1, "", unary<graph::SinOp>},
      {"Sinh", 9, kLast, 1, 1, "", unary<graph::SinhOp>},
      {"Softplus", 7, kLast, 1, 1, "", unary<graph::SoftplusOp>},
      {"Softsign", 7, kLast, 1, 1, "", importSoftsign},
      {"Sqrt", 7, kLast, 1, 1, "", unary<graph::SqrtOp>},
      {"Sub", 7, kLast, 2, 2, "", binary<graph::SubOp>},
      {"Sum", 7, kLast, 1, kAnyNumber, "", sum},
      {"Swish", 24, kLast, 1, 1, "alpha", swish},
      {"Tan", 7, kLast, 1, 1, "", unary<graph::TanOp>},
      {"Tanh", 7, kLast, 1, 1, "", unary<graph::TanhOp>},
      {"ThresholdedRelu", 10, kLast, 1, 1, "alpha", thresholdedRelu},
      {"Gelu", 1, 1, 1, 1, "", gelu, "com.microsoft"},
  };
}

}  // namespace mlc::onnx_import
