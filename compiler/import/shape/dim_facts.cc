#include "compiler/import/shape/dim_facts.h"

#include <algorithm>
#include <limits>

namespace mlc::sizes {
namespace {

using AtomKind = DimExpr::AtomKind;

struct Bounds {
  std::optional<int64_t> low, high;
};

Bounds boundsOf(const DimExpr& expr);

std::optional<int64_t> product(std::optional<int64_t> a, std::optional<int64_t> b) {
  int64_t result = 0;
  if (!a || !b || __builtin_mul_overflow(*a, *b, &result)) return std::nullopt;
  return result;
}

std::optional<int64_t> sum(std::optional<int64_t> a, std::optional<int64_t> b) {
  int64_t result = 0;
  if (!a || !b || __builtin_add_overflow(*a, *b, &result)) return std::nullopt;
  return result;
}

Bounds boundsOf(const DimExpr::Atom& atom) {
  if (atom.kind == AtomKind::kSymbol) return {0, std::nullopt};
  const Bounds a = boundsOf(atom.operands[0]), b = boundsOf(atom.operands[1]);
  const bool positive = a.low && *a.low >= 0 && b.low && *b.low > 0;
  switch (atom.kind) {
    case AtomKind::kFloorDiv:
    case AtomKind::kCeilDiv:
      return positive ? Bounds{0, a.high} : Bounds{};
    case AtomKind::kMod:
      return positive ? Bounds{0, sum(b.high, -1)} : Bounds{};
    case AtomKind::kMin: {
      Bounds result;
      if (a.low && b.low) result.low = std::min(*a.low, *b.low);
      result.high = a.high && b.high ? std::min(*a.high, *b.high) : a.high ? a.high : b.high;
      return result;
    }
    case AtomKind::kMax: {
      Bounds result;
      if (a.high && b.high) result.high = std::max(*a.high, *b.high);
      result.low = a.low && b.low ? std::max(*a.low, *b.low) : a.low ? a.low : b.low;
      return result;
    }
    case AtomKind::kBroadcast: {
      // One of the two.
      Bounds result;
      if (a.low && b.low) result.low = std::min(*a.low, *b.low);
      if (a.high && b.high) result.high = std::max(*a.high, *b.high);
      return result;
    }
    case AtomKind::kSymbol:
      break;
  }
  return {};
}

Bounds boundsOfProduct(const std::vector<DimExpr::Atom>& factors) {
  if (factors.size() == 1) return boundsOf(factors[0]);
  Bounds result{1, 1};
  for (const DimExpr::Atom& atom : factors) {
    const Bounds bounds = boundsOf(atom);
    // Only products of what is never negative are followed.
    if (!bounds.low || *bounds.low < 0) return {};
    result = {product(result.low, bounds.low), product(result.high, bounds.high)};
  }
  return result;
}

Bounds boundsOf(const DimExpr& expr) {
  Bounds total{0, 0};
  for (const DimExpr::Term& term : expr.terms()) {
    const Bounds factors = boundsOfProduct(term.factors);
    const bool isNegative = term.coefficient < 0;
    total.low = sum(total.low, product(isNegative ? factors.high : factors.low, term.coefficient));
    total.high =
        sum(total.high, product(isNegative ? factors.low : factors.high, term.coefficient));
  }
  return total;
}

}  // namespace

namespace {

// The operands of an expression that is a minimum (a maximum, a broadcast) and nothing else; none
// for others.
const std::vector<DimExpr>* operandsOf(const DimExpr& expr, AtomKind kind) {
  const auto& terms = expr.terms();
  const bool isAtom = terms.size() == 1 && terms[0].coefficient == 1 &&
                      terms[0].factors.size() == 1 && terms[0].factors[0].kind == kind;
  return isAtom ? &terms[0].factors[0].operands : nullptr;
}

// Holds for each of min's operands means: holds for the minimum.
bool isNeverBelow(const DimExpr& a, const DimExpr& b) {
  if (const Bounds difference = boundsOf(a - b); difference.low && *difference.low >= 0)
    return true;
  if (const auto* parts = operandsOf(a, AtomKind::kMin))
    return isNeverBelow((*parts)[0], b) && isNeverBelow((*parts)[1], b);
  if (const auto* parts = operandsOf(a, AtomKind::kMax))
    return isNeverBelow((*parts)[0], b) || isNeverBelow((*parts)[1], b);
  if (const auto* parts = operandsOf(b, AtomKind::kMax))
    return isNeverBelow(a, (*parts)[0]) && isNeverBelow(a, (*parts)[1]);
  if (const auto* parts = operandsOf(b, AtomKind::kMin))
    return isNeverBelow(a, (*parts)[0]) || isNeverBelow(a, (*parts)[1]);
  return false;
}

}  // namespace

std::optional<int64_t> lowerBound(const DimExpr& expr) { return boundsOf(expr).low; }
std::optional<int64_t> upperBound(const DimExpr& expr) { return boundsOf(expr).high; }

std::optional<bool> isLess(const DimExpr& a, const DimExpr& b) {
  if (a.isConstant() && b.isConstant()) return *a.constant() < *b.constant();
  if (isNeverBelow(b, a + 1)) return true;
  if (isNeverBelow(a, b)) return false;
  return std::nullopt;
}

std::optional<bool> isEqual(const DimExpr& a, const DimExpr& b) {
  if (a == b) return true;
  if (isLess(a, b) == true || isLess(b, a) == true) return false;
  return std::nullopt;
}

DimExpr smaller(const DimExpr& a, const DimExpr& b) {
  if (isLess(b, a) == false) return a;
  if (isLess(a, b) == false) return b;
  return min(a, b);
}

DimExpr larger(const DimExpr& a, const DimExpr& b) {
  if (isLess(a, b) == false) return a;
  if (isLess(b, a) == false) return b;
  return max(a, b);
}

DimExpr difference(const DimExpr& a, const DimExpr& b) {
  if (const auto* parts = operandsOf(b, AtomKind::kMin))
    return larger(difference(a, (*parts)[0]), difference(a, (*parts)[1]));
  if (const auto* parts = operandsOf(b, AtomKind::kMax))
    return smaller(difference(a, (*parts)[0]), difference(a, (*parts)[1]));
  return a - b;
}

std::optional<DimExpr> equalInBroadcast(const DimExpr& a, const DimExpr& b) {
  for (const auto& [whole, part] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    const auto* parts = operandsOf(*whole, AtomKind::kMin);
    if (parts == nullptr) continue;
    // min(c, x) meets x, and c is never 1: one of them is 1 only where both are.
    for (size_t i : {0, 1}) {
      if ((*parts)[i] == *part && lowerBound((*parts)[1 - i]).value_or(0) >= 2) return *part;
    }
  }
  return std::nullopt;
}

}  // namespace mlc::sizes
