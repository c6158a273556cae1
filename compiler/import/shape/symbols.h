// The sizes of a model that is imported: the symbols of its dims, and what is known or has to be
// checked of them. A size is proved or checked, never believed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/dim_expr.h"
#include "runtime/base/size_constraint.h"
#include "runtime/base/status.h"

namespace mlc::sizes {

using Relation = SizeConstraint::Relation;

// Who needs something of sizes, and why, in the model's terms.
struct Reason {
  std::string node;  // "'split_3' (Split)"
  std::string text;  // "its parts add up to the dim"
};

// What became of an assumption.
enum class Verdict {
  kProved,    // it holds for all sizes
  kRefuted,   // it holds for none: the model is wrong
  kChecked,   // it depends: a constraint for the run was recorded
  kComputed,  // it depends on sizes that the program computes: the program has to check it
  kLearned,   // it depends, and dims have another expression from now on: import the model again
};

// Symbols of sizes that a program computes while it runs begin with this; of others only the
// compiler's own ("mlc.threads", "mlc.tp_rank") have a '.'.
inline const std::string kComputedPrefix = "computed.";

// Whether an expression has such symbols.
bool isComputed(const DimExpr& expr);

// Not thread-safe.
class Symbols {
 public:
  // Binds names of dims (the model's spelling) to sizes.
  explicit Symbols(const std::map<std::string, int64_t>& bound) : bound_(bound) {}

  // Forgets the constraints and inputs of an import that is repeated, not what was learned from it.
  void beginImport();

  // The names that dims of the model's inputs have. One of them that is written as an expression of
  // others ("past + seq", as exporters do) is taken for that; else any name is a name.
  void setDimNames(std::set<std::string> names) { dimNames_ = std::move(names); }

  // The dim of that name, of an input: its bound size, what it was found equal to, or a symbol.
  DimExpr ofInput(const std::string& name, const std::string& input, int dim);

  // States that a relation between sizes must hold. Where two dims must be equal and one is a
  // symbol that the other does not contain, `ofInput` replaces it from now on; if one is a minimum
  // of the other and something else, or a broadcast of it, `simplified` does.
  Verdict assume(Relation relation, const DimExpr& left, const DimExpr& right,
                 const Reason& reason);

  // What an expression was found equal to, or itself.
  DimExpr simplified(const DimExpr& expr) const;

  // What has to hold when the model runs, over the symbols that are left.
  std::vector<SizeConstraint> constraints() const;

  // Bound names that no dim has.
  std::vector<std::string> unusedBindings() const;

 private:
  DimExpr named(const std::string& name);
  std::string sanitized(const std::string& name);
  // Whether `parts` is b * (whole / b), with a b that the whole is stated to be divisible by.
  bool isPutTogether(const DimExpr& parts, const DimExpr& whole) const;
  Verdict equate(const DimExpr& a, const DimExpr& b, const Reason& reason);
  bool replace(const DimExpr& symbol, const DimExpr& by, const Reason& reason);
  void check(Relation relation, const DimExpr& left, const DimExpr& right, const Reason& reason);

  struct Replacement {
    DimExpr by;
    Reason reason;
  };

  std::map<std::string, int64_t> bound_;
  std::set<std::string> dimNames_;
  std::set<std::string> used_;
  std::map<std::string, std::string> symbolOfName_;
  std::set<std::string> taken_;
  std::map<std::string, Replacement> replaced_;                                // by their symbol
  std::map<std::string, DimExpr> simplified_;                                  // by their text
  std::vector<SizeConstraint> learned_;                                        // with simplified_
  std::map<std::string, std::vector<SizeConstraint::InputDim>> dimsOfSymbol_;  // before replacement
  std::vector<SizeConstraint> checked_;
  std::set<std::string> stated_;  // texts of checked_, each once
};

}  // namespace mlc::sizes
