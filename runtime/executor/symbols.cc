#include "runtime/executor/symbols.h"

#include <algorithm>
#include <set>

#include "runtime/base/shape_bytes.h"

namespace mlc::executor {
namespace {

// The model's node and reason for a dim of an input: a node made it another size, or a symbol of
// another input this one. Empty where nothing but the inputs' types state its size.
std::string reasonFor(const package::TensorSpec& spec, size_t dim, const Constraints& constraints) {
  const SizeConstraint* found = nullptr;
  for (const SizeConstraint& constraint : constraints) {
    for (const SizeConstraint::InputDim& replaced : constraint.replaced) {
      const bool isThis = replaced.input == spec.name && replaced.dim == static_cast<int>(dim);
      if (isThis || (!found && constraint.right.str() == spec.dims[dim])) found = &constraint;
      if (isThis) break;
    }
  }
  return found ? ": node " + found->node + ": " + found->text : std::string();
}

Status mismatch(const package::TensorSpec& spec, size_t dim, const std::string& expected,
                int64_t actual, const Constraints& constraints) {
  return invalidError("input '" + spec.name + "': dim " + std::to_string(dim) + " (" +
                      spec.dims[dim] + ") should be " + expected + ", but is " +
                      std::to_string(actual) + reasonFor(spec, dim, constraints));
}

// Where the symbols of both sides come from: "n is dim 0 of input 'x'".
std::string origins(const SizeConstraint& constraint,
                    const std::vector<package::TensorSpec>& inputs) {
  std::set<std::string> symbols;
  constraint.left.collectSymbols(symbols);
  constraint.right.collectSymbols(symbols);
  std::string text;
  for (const std::string& symbol : symbols) {
    for (const package::TensorSpec& input : inputs) {
      const auto dim = std::find(input.dims.begin(), input.dims.end(), symbol);
      if (dim == input.dims.end()) continue;
      text += (text.empty() ? "" : ", ") + symbol + " is dim " +
              std::to_string(dim - input.dims.begin()) + " of input '" + input.name + "'";
      break;
    }
  }
  return text.empty() ? text : "; " + text;
}

// "n is 3", or "6 is 6" without the repetition.
std::string sizeText(const DimExpr& size, int64_t value) {
  return size.isConstant() ? std::to_string(value) : size.str() + " is " + std::to_string(value);
}

}  // namespace

Status bindSymbols(const std::vector<ActualShape>& tensors, SymbolValues& symbols,
                   const Constraints& constraints) {
  for (const ActualShape& tensor : tensors) {
    const package::TensorSpec& spec = *tensor.spec;
    if (tensor.shape.size() != spec.dims.size()) {
      return invalidError("input '" + spec.name + "' should have " +
                          std::to_string(spec.dims.size()) + " dims, but has " +
                          std::to_string(tensor.shape.size()));
    }
    for (size_t dim = 0; dim < spec.dims.size(); ++dim) {
      MLC_ASSIGN_OR_RETURN(const DimExpr expression, DimExpr::parse(spec.dims[dim]));
      const std::string symbol = expression.symbolName();
      if (symbol.empty()) continue;
      const auto [it, inserted] = symbols.emplace(symbol, tensor.shape[dim]);
      if (!inserted && it->second != tensor.shape[dim]) {
        return mismatch(spec, dim, std::to_string(it->second), tensor.shape[dim], constraints);
      }
    }
  }
  for (const ActualShape& tensor : tensors) {
    const package::TensorSpec& spec = *tensor.spec;
    for (size_t dim = 0; dim < spec.dims.size(); ++dim) {
      MLC_ASSIGN_OR_RETURN(const DimExpr expression, DimExpr::parse(spec.dims[dim]));
      const StatusOr<int64_t> expected = expression.evaluate(symbols);
      if (!expected.ok()) return expected.status().withContext("input '" + spec.name + "'");
      if (*expected != tensor.shape[dim]) {
        return mismatch(spec, dim, std::to_string(*expected), tensor.shape[dim], constraints);
      }
    }
  }
  return okStatus();
}

Status checkConstraints(const Constraints& constraints,
                        const std::vector<package::TensorSpec>& inputs,
                        const SymbolValues& symbols) {
  for (const SizeConstraint& constraint : constraints) {
    // Those with replaced dims are what bindSymbols checks.
    if (constraint.function != "main" || !constraint.replaced.empty()) continue;
    const std::string where = "node " + constraint.node + ": " + constraint.text;
    const StatusOr<int64_t> left = constraint.left.evaluate(symbols),
                            right = constraint.right.evaluate(symbols);
    for (const StatusOr<int64_t>* size : {&left, &right}) {
      if (!size->ok()) return invalidError(where + ": " + size->status().message());
    }
    if (holds(constraint.relation, *left, *right)) continue;
    if (constraint.relation == SizeConstraint::Relation::kAtLeast && constraint.left.isConstant()) {
      return invalidError(where + ": " + sizeText(constraint.right, *right) +
                          ", but must be at most " + std::to_string(*left) +
                          origins(constraint, inputs));
    }
    return invalidError(where + ": " + sizeText(constraint.left, *left) + ", but must " +
                        requirement(constraint.relation, std::to_string(*right)) +
                        (constraint.right.isConstant() ? "" : " (" + constraint.right.str() + ")") +
                        origins(constraint, inputs));
  }
  return okStatus();
}

StatusOr<std::vector<int64_t>> shapeOf(const package::TensorSpec& spec,
                                       const SymbolValues& symbols) {
  std::vector<int64_t> shape;
  for (const std::string& dim : spec.dims) {
    MLC_ASSIGN_OR_RETURN(const DimExpr expression, DimExpr::parse(dim));
    const StatusOr<int64_t> size = expression.evaluate(symbols);
    if (!size.ok()) return size.status().withContext("'" + spec.name + "'");
    if (*size < 0) return invalidError("'" + spec.name + "' would have a negative dim: " + dim);
    shape.push_back(*size);
  }
  if (!elementsOf(shape)) return invalidError("'" + spec.name + "' is too large");
  return shape;
}

}  // namespace mlc::executor
