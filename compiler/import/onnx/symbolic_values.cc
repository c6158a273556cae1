#include "compiler/import/onnx/symbolic_values.h"

#include <limits>
#include <map>

#include "compiler/import/onnx/tensor_reader.h"
#include "compiler/import/shape/dim_facts.h"

namespace mlc::onnx_import {

using namespace sizes;

namespace {

using Maybe = std::optional<DimExpr>;
using Operands = llvm::ArrayRef<DimExpr>;
using Rule = Maybe (*)(Operands);

Maybe truth(std::optional<bool> value) {
  return value ? Maybe(DimExpr(*value ? 1 : 0)) : std::nullopt;
}

std::optional<bool> isTrue(const DimExpr& value) {
  return value.isConstant() ? std::optional(*value.constant() != 0) : std::nullopt;
}

bool neverNegative(const DimExpr& expr) { return lowerBound(expr).value_or(-1) >= 0; }

// ONNX divides integers towards zero.
Maybe divide(Operands v) {
  if (v[1].constant() == 0) return std::nullopt;
  if (v[0].isConstant() && v[1].isConstant()) {
    if (*v[1].constant() == -1) return DimExpr(0) - v[0];
    return DimExpr(*v[0].constant() / *v[1].constant());
  }
  return neverNegative(v[0]) && neverNegative(v[1]) ? Maybe(floorDiv(v[0], v[1])) : std::nullopt;
}

// Of numbers that are not negative, whose remainders are the same for every rounding.
Maybe remainder(Operands v) {
  if (!neverNegative(v[0]) || !neverNegative(v[1])) return std::nullopt;
  const Maybe quotient = divide(v);
  return quotient ? Maybe(v[0] - *quotient * v[1]) : std::nullopt;
}

Maybe select(Operands v) {
  const std::optional<bool> condition = isTrue(v[0]);
  if (v[1] == v[2]) return v[1];
  return condition ? Maybe(*condition ? v[1] : v[2]) : std::nullopt;
}

std::optional<bool> negated(std::optional<bool> value) {
  return value ? std::optional(!*value) : std::nullopt;
}

std::optional<bool> both(std::optional<bool> a, std::optional<bool> b) {
  if (a == false || b == false) return false;
  return a && b ? std::optional(true) : std::nullopt;
}

const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> kRules = {
      {"Add", [](Operands v) -> Maybe { return v[0] + v[1]; }},
      {"Sub", [](Operands v) -> Maybe { return v[0] - v[1]; }},
      {"Mul", [](Operands v) -> Maybe { return v[0] * v[1]; }},
      {"Div", divide},
      {"Mod", remainder},
      {"Min", [](Operands v) -> Maybe { return v.size() == 1 ? v[0] : smaller(v[0], v[1]); }},
      {"Max", [](Operands v) -> Maybe { return v.size() == 1 ? v[0] : larger(v[0], v[1]); }},
      {"Neg", [](Operands v) -> Maybe { return DimExpr(0) - v[0]; }},
      {"Abs", [](Operands v) -> Maybe { return neverNegative(v[0]) ? Maybe(v[0]) : std::nullopt; }},
      {"Equal", [](Operands v) { return truth(isEqual(v[0], v[1])); }},
      {"Less", [](Operands v) { return truth(isLess(v[0], v[1])); }},
      {"Greater", [](Operands v) { return truth(isLess(v[1], v[0])); }},
      {"LessOrEqual", [](Operands v) { return truth(negated(isLess(v[1], v[0]))); }},
      {"GreaterOrEqual", [](Operands v) { return truth(negated(isLess(v[0], v[1]))); }},
      {"Not", [](Operands v) { return truth(negated(isTrue(v[0]))); }},
      {"And", [](Operands v) { return truth(both(isTrue(v[0]), isTrue(v[1]))); }},
      {"Or",
       [](Operands v) {
         return truth(negated(both(negated(isTrue(v[0])), negated(isTrue(v[1])))));
       }},
      {"Where", select},
  };
  return kRules;
}

// Beyond this a number in an expression is none of sizes: hashes and masks are made of such, and
// wrap, where a size that overflows is an error.
constexpr int64_t kLargestFactor = int64_t{1} << 40;

bool hasFactorsOfSizes(const DimExpr& value) {
  return llvm::all_of(value.terms(), [](const DimExpr::Term& term) {
    return term.coefficient >= -kLargestFactor && term.coefficient <= kLargestFactor;
  });
}

// Whether a constant fits the type; other expressions do once their bounds are checked, unless
// their arithmetic overflowed or may do so.
bool fits(const DimExpr& value, DType dtype) {
  if (!value.isDefined()) return false;
  if (!value.isConstant())
    return (dtype == DType::kI64 || dtype == DType::kI32) && hasFactorsOfSizes(value);
  const int64_t v = *value.constant();
  switch (dtype) {
    case DType::kI64:
      return true;
    case DType::kBool:
      return v == 0 || v == 1;
    default: {
      const int bits = dtypeBits(dtype);
      const int64_t low = isUnsigned(dtype) ? 0 : -(int64_t{1} << (bits - 1));
      return v >= low && v < low + (int64_t{1} << bits);
    }
  }
}

bool finish(Node& node, DType dtype, graph::Shape shape, Elements elements) {
  for (const DimExpr& element : elements) {
    if (!fits(element, dtype)) return false;
  }
  if (dtype == DType::kI32) {
    for (const DimExpr& element : elements) {
      if (element.isConstant()) continue;
      node.emitter.assume(sizes::Relation::kAtLeast, INT32_MAX, element, "a size as 32 bits");
      node.emitter.assume(sizes::Relation::kAtLeast, element, INT32_MIN, "a size as 32 bits");
    }
  }
  node.set(symbolicTensor(dtype, std::move(shape), std::move(elements)));
  return true;
}

bool elementwise(Node& node, Rule rule) {
  graph::Shape shape;
  for (size_t i = 0; i < node.inputCount(); ++i) shape = node.emitter.meet(shape, node.shape(i));
  const std::optional<int64_t> count = constantCount(shape);
  if (!count || *count > kMaxElements) return false;
  Elements result;
  for (int64_t flat = 0; flat < *count; ++flat) {
    llvm::SmallVector<DimExpr, 3> operands;
    for (size_t i = 0; i < node.inputCount(); ++i) {
      // The operand's element at this index: broadcast dims are skipped.
      int64_t rest = flat, index = 0, stride = 1;
      const graph::Shape& from = node.shape(i);
      for (size_t d = 0; d < from.size(); ++d) {
        const int64_t size = *shape[shape.size() - 1 - d].constant();
        const int64_t own = *from[from.size() - 1 - d].constant();
        if (own != 1) index += rest % size * stride;
        stride *= own;
        rest /= size;
      }
      operands.push_back((*node.input(i).elements)[index]);
    }
    const bool divides = node.op() == "Div" || node.op() == "Mod";
    if (divides && !operands[1].isConstant())
      node.emitter.assume(Relation::kDifferent, operands[1], 0, "it divides by a size");
    Maybe value = rule(operands);
    if (!value) return false;
    result.push_back(*value);
  }
  const bool isTest =
      node.op() == "Equal" || node.op().starts_with("Less") || node.op().starts_with("Greater");
  return finish(node, isTest ? DType::kBool : node.dtype(node.inputCount() - 1), shape,
                std::move(result));
}

bool cast(Node& node) {
  const std::optional<DType> to = dtypeFromOnnx(static_cast<int>(node.integer("to", 0)));
  if (!to) return false;
  const Tensor& input = node.input(0);
  Elements elements = *input.elements;
  if (*to == DType::kF32 && input.constant) {
    HostTensor tensor = HostTensor::uninitialized(DType::kF32, input.constant->shape());
    for (size_t i = 0; i < elements.size(); ++i)
      tensor.data<float>()[i] = static_cast<float>(*elements[i].constant());
    node.set(constantTensor(std::move(tensor)));
    return true;
  }
  if (*to == DType::kBool) {
    for (DimExpr& element : elements) {
      const std::optional<bool> zero = isEqual(element, 0);
      if (!zero) return false;
      element = *zero ? 0 : 1;
    }
  }
  return !isFloat(*to) && !isPacked(*to) && !isReference(*to) && *to != DType::kU64 &&
         finish(node, *to, input.shape, std::move(elements));
}

// Reductions of whole vectors: the product of a shape is a number of elements.
bool reduce(Node& node, Rule rule, std::optional<DimExpr> start) {
  const Tensor& input = node.input(0);
  if (input.rank() != 1 || (!start && input.elements->empty())) return false;
  const bool hasAxes = node.inputCount() > 1
                           ? !node.integers(1, "axes").empty()
                           : !node.integerList("axes").value_or(std::vector<int64_t>()).empty();
  if (!hasAxes && node.integer("noop_with_empty_axes", 0) != 0) {
    node.set(node.inputRef(0));
    return true;
  }
  Elements values = *input.elements;
  DimExpr total = start ? *start : values.front();
  for (const DimExpr& value : values) {
    const DimExpr pair[] = {total, value};
    Maybe next = rule(pair);
    if (!next) return false;
    total = *next;
  }
  const graph::Shape shape = node.integer("keepdims", 1) != 0 ? graph::Shape{1} : graph::Shape{};
  return finish(node, input.dtype, shape, {total});
}

}  // namespace

bool evaluateSymbolically(Node& node) {
  if (node.inputCount() == 0) return false;
  for (size_t i = 0; i < node.inputCount(); ++i) {
    if (!node.has(i) || !node.input(i).elements) return false;
  }
  if (node.op() == "Cast") return cast(node);
  if (node.op() == "ReduceProd") return reduce(node, rules().at("Mul"), DimExpr(1));
  if (node.op() == "ReduceSum") return reduce(node, rules().at("Add"), DimExpr(0));
  if (node.op() == "ReduceMax") return reduce(node, rules().at("Max"), std::nullopt);
  if (node.op() == "ReduceMin") return reduce(node, rules().at("Min"), std::nullopt);
  auto rule = rules().find(node.op());
  // Min and Max of three are rare among shapes.
  if (rule == rules().end() || node.inputCount() > (node.op() == "Where" ? 3 : 2)) return false;
  return elementwise(node, rule->second);
}

}  // namespace mlc::onnx_import
