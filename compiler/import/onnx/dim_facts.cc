#include "compiler/import/onnx/dim_facts.h"

#include <algorithm>
#include <limits>

namespace mlc::onnx_import {
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
    case AtomKind::kSymbol:
      break;
  }
  return {};
}

Bounds boundsOf(const DimExpr& expr) {
  Bounds total{0, 0};
  for (const DimExpr::Term& term : expr.terms()) {
    Bounds factors{1, 1};
    for (const DimExpr::Atom& atom : term.factors) {
      const Bounds bounds = boundsOf(atom);
      // Only products of what is never negative are followed.
      const bool known = bounds.low && *bounds.low >= 0 && factors.low;
      factors = known ? Bounds{product(factors.low, bounds.low), product(factors.high, bounds.high)}
                      : Bounds{};
    }
    if (term.coefficient < 0) std::swap(factors.low, factors.high);
    total.low = sum(total.low, product(factors.low, term.coefficient));
    total.high = sum(total.high, product(factors.high, term.coefficient));
  }
  return total;
}

}  // namespace

std::optional<int64_t> lowerBound(const DimExpr& expr) { return boundsOf(expr).low; }
std::optional<int64_t> upperBound(const DimExpr& expr) { return boundsOf(expr).high; }

std::optional<bool> isLess(const DimExpr& a, const DimExpr& b) {
  if (a.isConstant() && b.isConstant()) return *a.constant() < *b.constant();
  const Bounds difference = boundsOf(a - b);
  if (difference.high && *difference.high < 0) return true;
  if (difference.low && *difference.low >= 0) return false;
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

}  // namespace mlc::onnx_import
