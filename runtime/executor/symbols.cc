#include "runtime/executor/symbols.h"

namespace mlc::executor {
namespace {

// The symbol that a dim consists of, or an empty string.
std::string soleSymbol(const DimExpr& dim) {
  const auto& terms = dim.terms();
  if (terms.size() != 1 || terms[0].coefficient != 1 || terms[0].factors.size() != 1) return {};
  const DimExpr::Atom& atom = terms[0].factors[0];
  return atom.kind == DimExpr::AtomKind::kSymbol ? atom.symbol : std::string();
}

Status mismatch(const package::TensorSpec& spec, size_t dim, const std::string& expected,
                int64_t actual) {
  return invalidError("input '" + spec.name + "': dim " + std::to_string(dim) + " (" +
                      spec.dims[dim] + ") should be " + expected + ", but is " +
                      std::to_string(actual));
}

}  // namespace

Status bindSymbols(const std::vector<ActualShape>& tensors, SymbolValues& symbols) {
  for (const ActualShape& tensor : tensors) {
    const package::TensorSpec& spec = *tensor.spec;
    if (tensor.shape.size() != spec.dims.size()) {
      return invalidError("input '" + spec.name + "' should have " +
                          std::to_string(spec.dims.size()) + " dims, but has " +
                          std::to_string(tensor.shape.size()));
    }
    for (size_t dim = 0; dim < spec.dims.size(); ++dim) {
      MLC_ASSIGN_OR_RETURN(const DimExpr expression, DimExpr::parse(spec.dims[dim]));
      const std::string symbol = soleSymbol(expression);
      if (symbol.empty()) continue;
      const auto [it, inserted] = symbols.emplace(symbol, tensor.shape[dim]);
      if (!inserted && it->second != tensor.shape[dim]) {
        return mismatch(spec, dim, std::to_string(it->second), tensor.shape[dim]);
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
        return mismatch(spec, dim, std::to_string(*expected), tensor.shape[dim]);
      }
    }
  }
  return okStatus();
}

Status checkConstraints(const std::vector<std::string>& constraints, const SymbolValues& symbols) {
  for (const std::string& constraint : constraints) {
    const size_t equals = constraint.find(" = ");
    if (equals == std::string::npos) return invalidError("bad constraint '" + constraint + "'");
    MLC_ASSIGN_OR_RETURN(const DimExpr left, DimExpr::parse(constraint.substr(0, equals)));
    MLC_ASSIGN_OR_RETURN(const DimExpr right, DimExpr::parse(constraint.substr(equals + 3)));
    MLC_ASSIGN_OR_RETURN(const int64_t needed, left.evaluate(symbols));
    MLC_ASSIGN_OR_RETURN(const int64_t given, right.evaluate(symbols));
    if (needed == given) continue;
    return invalidError("the model takes " + std::string(given > needed ? "at most " : "") +
                        std::to_string(needed) + " for the dim " + right.str() +
                        ", but the inputs have " + std::to_string(given));
  }
  return okStatus();
}

StatusOr<std::vector<int64_t>> shapeOf(const package::TensorSpec& spec,
                                       const SymbolValues& symbols) {
  std::vector<int64_t> shape;
  int64_t bytes = dtypeBytes(spec.dtype, 1);
  for (const std::string& dim : spec.dims) {
    MLC_ASSIGN_OR_RETURN(const DimExpr expression, DimExpr::parse(dim));
    const StatusOr<int64_t> size = expression.evaluate(symbols);
    if (!size.ok()) return size.status().withContext("'" + spec.name + "'");
    if (*size < 0) return invalidError("'" + spec.name + "' would have a negative dim: " + dim);
    if (__builtin_mul_overflow(bytes, *size, &bytes)) {
      return invalidError("'" + spec.name + "' is too large");
    }
    shape.push_back(*size);
  }
  return shape;
}

}  // namespace mlc::executor
