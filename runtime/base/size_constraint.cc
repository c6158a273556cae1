#include "runtime/base/size_constraint.h"

#include <array>
#include <utility>

namespace mlc {
namespace {

using Relation = SizeConstraint::Relation;

constexpr std::array<std::pair<Relation, std::string_view>, 6> kNames = {{
    {Relation::kEqual, "equal"},
    {Relation::kDifferent, "different"},
    {Relation::kAtLeast, "at_least"},
    {Relation::kDivisible, "divisible"},
    {Relation::kOneOrEqual, "one_or_equal"},
    {Relation::kBroadcast, "broadcast"},
}};

}  // namespace

std::string_view relationName(Relation relation) {
  for (const auto& [known, name] : kNames) {
    if (known == relation) return name;
  }
  return {};
}

std::optional<Relation> relationNamed(std::string_view name) {
  for (const auto& [relation, known] : kNames) {
    if (known == name) return relation;
  }
  return std::nullopt;
}

bool holds(Relation relation, int64_t left, int64_t right) {
  switch (relation) {
    case Relation::kEqual:
      return left == right;
    case Relation::kDifferent:
      return left != right;
    case Relation::kAtLeast:
      return left >= right;
    case Relation::kDivisible:
      // The remainder by -1 of the smallest integer overflows.
      return right == -1 || (right != 0 && left % right == 0);
    case Relation::kOneOrEqual:
      return left == 1 || left == right;
    case Relation::kBroadcast:
      return left == right || left == 1 || right == 1;
  }
  return false;
}

std::string requirement(Relation relation, const std::string& right) {
  switch (relation) {
    case Relation::kEqual:
      return "be " + right;
    case Relation::kDifferent:
      return "not be " + right;
    case Relation::kAtLeast:
      return "be at least " + right;
    case Relation::kDivisible:
      return "be a multiple of " + right;
    case Relation::kOneOrEqual:
    case Relation::kBroadcast:
      return right == "1" ? "be 1" : "be 1 or " + right;
  }
  return {};
}

}  // namespace mlc
