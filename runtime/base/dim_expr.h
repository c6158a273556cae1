// A dimension's size as an expression over named symbols: "batch", "seq + 1", "batch * seq", "(seq
// + 1) / 2".
//
// Kept in a canonical form (a polynomial with integer coefficients over symbols and opaque terms
// floor-division, ceil-division, remainder, min, max, broadcast), so that equal forms are equal
// strings. Values are int64_t; arithmetic that overflows makes evaluate() fail. Immutable; safe to
// share between threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace mlc {

using SymbolValues = std::map<std::string, int64_t, std::less<>>;

class DimExpr {
 public:
  DimExpr() : DimExpr(0) {}
  DimExpr(int64_t constant);

  // A symbol: letters, digits, '_' and '.'.
  static DimExpr symbol(std::string name);

  // Reads any expression with + - * / % min(a,b) max(a,b) ceildiv(a,b) broadcast(a,b),
  // parentheses, integers and symbols; '/' rounds down. The inverse of str(). Fails for what
  // overflows or is too large.
  static StatusOr<DimExpr> parse(std::string_view text);

  // The canonical text.
  const std::string& str() const { return text_; }

  std::optional<int64_t> constant() const;
  bool isConstant() const { return constant().has_value(); }

  // The name of an expression that is one symbol; empty for others.
  std::string symbolName() const;

  // False where the expression has no value whatever its symbols are: its arithmetic overflowed, it
  // divides by the constant 0, or it has more terms, factors, nested operators or text than any
  // model needs (dim_expr.cc).
  bool isDefined() const;

  // The value for these symbols. Fails if a symbol is missing, on overflow and on division by zero.
  StatusOr<int64_t> evaluate(const SymbolValues& values) const;

  // Replaces symbols by expressions; symbols that are not named stay.
  DimExpr substitute(const std::map<std::string, DimExpr, std::less<>>& replacements) const;

  void collectSymbols(std::set<std::string>& symbols) const;

  friend DimExpr operator+(const DimExpr& a, const DimExpr& b);
  friend DimExpr operator-(const DimExpr& a, const DimExpr& b);
  friend DimExpr operator*(const DimExpr& a, const DimExpr& b);
  // Exact quotients are simplified (6*batch / 3 = 2*batch; batch*seq / seq = batch).
  friend DimExpr floorDiv(const DimExpr& a, const DimExpr& b);
  friend DimExpr ceilDiv(const DimExpr& a, const DimExpr& b);
  friend DimExpr mod(const DimExpr& a, const DimExpr& b);
  friend DimExpr min(const DimExpr& a, const DimExpr& b);
  friend DimExpr max(const DimExpr& a, const DimExpr& b);
  // The size of a dim in which dims of these sizes broadcast, as numpy has it: the one that is
  // not 1. Has that meaning only where they are equal or one of them is 1; so it commutes and
  // associates.
  friend DimExpr broadcast(const DimExpr& a, const DimExpr& b);
  friend bool operator==(const DimExpr& a, const DimExpr& b) { return a.text_ == b.text_; }
  friend bool operator<(const DimExpr& a, const DimExpr& b) { return a.text_ < b.text_; }

  // How a visitor sees an expression, for lowering it to code: a sum of terms, each coefficient *
  // product of factors.
  enum class AtomKind { kSymbol, kFloorDiv, kCeilDiv, kMod, kMin, kMax, kBroadcast };
  struct Atom {
    AtomKind kind;
    std::string symbol;             // kSymbol
    std::vector<DimExpr> operands;  // two, for the other kinds
  };
  struct Term {
    int64_t coefficient;
    std::vector<Atom> factors;  // empty: the constant term
  };
  const std::vector<Term>& terms() const { return terms_; }

 private:
  explicit DimExpr(std::vector<Term> terms);
  static DimExpr opaque(AtomKind kind, const DimExpr& a, const DimExpr& b);

  std::vector<Term> terms_;  // canonical order
  std::string text_;
};

}  // namespace mlc
