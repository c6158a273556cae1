// What must hold of sizes when a model runs, because one of its nodes needs it and the model alone
// does not prove it.
//
// The compiler states constraints (compiler/import/shape), a package carries them
// (package::Manifest::constraints), and the executor checks them before anything is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/dim_expr.h"
#include "runtime/base/status.h"

namespace mlc {

struct SizeConstraint {
  enum class Relation {
    kEqual,       // left == right
    kDifferent,   // left != right
    kAtLeast,     // left >= right
    kDivisible,   // right != 0 and left is a multiple of it
    kOneOrEqual,  // left == 1 or left == right: left broadcasts to right
    kBroadcast,   // left == right, or one of them is 1: they broadcast together
  };

  // A dim of an input of the model.
  struct InputDim {
    std::string input;
    int dim = 0;
  };

  Relation relation = Relation::kEqual;
  DimExpr left, right;
  std::string node;      // that needs it: "'split_3' (Split)"
  std::string text;      // why, in the model's terms: "its parts add up to the dim"
  std::string function;  // in whose scope the symbols live
  // Where `left` is a symbol that the compiler replaced by `right` everywhere: the dims that had
  // it. Such a constraint is checked when these dims are held against the inputs' specs.
  std::vector<InputDim> replaced;
};

// "equal", "different", "at_least", "divisible", "one_or_equal", "broadcast", and back.
std::string_view relationName(SizeConstraint::Relation relation);
std::optional<SizeConstraint::Relation> relationNamed(std::string_view name);

// Whether the relation holds between two sizes.
bool holds(SizeConstraint::Relation relation, int64_t left, int64_t right);

// What the relation asks of the left side: "be 4", "be 1 or 4", "be a multiple of 4".
std::string requirement(SizeConstraint::Relation relation, const std::string& right);

}  // namespace mlc
