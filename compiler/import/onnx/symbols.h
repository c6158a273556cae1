// The symbols of a model: dimension names of its inputs, made to be those of DimExpr, and what is
// known of them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/dim_expr.h"
#include "runtime/base/status.h"

namespace mlc::onnx_import {

// Not thread-safe.
class Symbols {
 public:
  // Binds names of dims (the model's spelling) to sizes.
  explicit Symbols(const std::map<std::string, int64_t>& bound) : bound_(bound) {}

  // The dim of that name: its bound size, what it was found equal to, or a symbol.
  DimExpr named(const std::string& name);

  // States that two dims are equal. If one is a symbol that the other does not contain, `named`
  // replaces it from now on; if one is a minimum of the other and something else, `simplified`
  // does. The model must then be imported again. False if they cannot be made equal.
  bool equate(const DimExpr& a, const DimExpr& b);

  // What an expression was found equal to, or itself.
  DimExpr simplified(const DimExpr& expr) const;

  // "b = a" for each replaced symbol, "min(512, seq) = seq" for each minimum: what has to hold when
  // the model runs.
  std::vector<std::string> unified() const;

  // Bound names that no dim has.
  std::vector<std::string> unusedBindings() const;

 private:
  std::string sanitized(const std::string& name);

  std::map<std::string, int64_t> bound_;
  std::set<std::string> used_;
  std::map<std::string, std::string> symbolOfName_;
  std::set<std::string> taken_;
  std::map<std::string, DimExpr, std::less<>> equal_;
  std::map<std::string, DimExpr> minima_;  // by their text
};

}  // namespace mlc::onnx_import
