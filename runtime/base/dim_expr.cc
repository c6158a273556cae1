#include "runtime/base/dim_expr.h"

#include <algorithm>
#include <cctype>

namespace mlc {
namespace {

using Atom = DimExpr::Atom;
using Term = DimExpr::Term;
using AtomKind = DimExpr::AtomKind;

std::string atomText(const Atom& atom) {
  auto pair = [&](const char* name) {
    return std::string(name) + "(" + atom.operands[0].str() + ", " + atom.operands[1].str() + ")";
  };
  auto infix = [&](const char* sign) {
    return "((" + atom.operands[0].str() + ") " + sign + " (" + atom.operands[1].str() + "))";
  };
  switch (atom.kind) {
    case AtomKind::kSymbol:
      return atom.symbol;
    case AtomKind::kFloorDiv:
      return infix("/");
    case AtomKind::kMod:
      return infix("%");
    case AtomKind::kCeilDiv:
      return pair("ceildiv");
    case AtomKind::kMin:
      return pair("min");
    case AtomKind::kMax:
      return pair("max");
    case AtomKind::kBroadcast:
      return pair("broadcast");
  }
  return {};
}

std::string factorsText(const Term& term) {
  std::string text;
  for (const Atom& atom : term.factors) {
    if (!text.empty()) text += " * ";
    text += atomText(atom);
  }
  return text;
}

int64_t floorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

bool dividable(int64_t a, int64_t b) { return b != 0 && !(a == INT64_MIN && b == -1); }

Status noValue() { return invalidError("a dimension overflows 64 bits or divides by zero"); }

// Bounds of an expression: of its text, its nested operators, its terms, and of a term's factors
// (of which one more than 62 overflows unless they are 1). Far from what models have; what goes
// beyond would take time and memory that grow exponentially.
constexpr size_t kMaxText = 1 << 13, kMaxTerms = 1 << 9, kMaxFactors = 64;
constexpr int kMaxNesting = 60;

// What arithmetic that goes beyond these bounds, or overflows 64 bits, gives: an expression that
// has no value.
DimExpr undefined() { return floorDiv(DimExpr(1), DimExpr(0)); }

int nestingOf(const DimExpr& expr) {
  int deepest = 0;
  for (const Term& term : expr.terms()) {
    for (const Atom& atom : term.factors) {
      for (const DimExpr& operand : atom.operands)
        deepest = std::max(deepest, 1 + nestingOf(operand));
    }
  }
  return deepest;
}

// As few and short additions as there can be.
DimExpr sumOf(std::vector<DimExpr> parts) {
  if (parts.empty()) return 0;
  for (size_t step = 1; step < parts.size(); step *= 2) {
    for (size_t i = 0; i + step < parts.size(); i += 2 * step)
      parts[i] = parts[i] + parts[i + step];
  }
  return parts.front();
}

// Recursive descent over sums, products and primaries.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  StatusOr<DimExpr> run() {
    if (text_.size() > kMaxText) {
      text_ = text_.substr(0, 40);
      return error("it is too long");
    }
    MLC_ASSIGN_OR_RETURN(DimExpr result, sum());
    skipSpace();
    if (at_ != text_.size()) return error("unexpected text");
    if (!result.isDefined() && !dividesByZero_)
      return error("it overflows 64 bits, or is too large an expression,");
    return result;
  }

 private:
  Status error(const std::string& what) const {
    return invalidError("bad dimension '" + std::string(text_) + "': " + what + " at " +
                        std::to_string(at_));
  }

  void skipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  bool take(char c) {
    skipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  StatusOr<DimExpr> sum() {
    std::vector<DimExpr> parts;
    MLC_ASSIGN_OR_RETURN(parts.emplace_back(), product());
    while (true) {
      if (take('+')) {
        MLC_ASSIGN_OR_RETURN(parts.emplace_back(), product());
      } else if (take('-')) {
        MLC_ASSIGN_OR_RETURN(const DimExpr next, product());
        parts.push_back(DimExpr(-1) * next);
      } else {
        return sumOf(std::move(parts));
      }
    }
  }

  StatusOr<DimExpr> product() {
    MLC_ASSIGN_OR_RETURN(DimExpr result, primary());
    while (true) {
      if (take('*')) {
        MLC_ASSIGN_OR_RETURN(DimExpr next, primary());
        result = result * next;
      } else if (take('/')) {
        MLC_ASSIGN_OR_RETURN(const DimExpr next, divisor(primary()));
        result = floorDiv(result, next);
      } else if (take('%')) {
        MLC_ASSIGN_OR_RETURN(const DimExpr next, divisor(primary()));
        result = mod(result, next);
      } else {
        return result;
      }
    }
  }

  StatusOr<DimExpr> divisor(StatusOr<DimExpr> value) {
    dividesByZero_ |= value.ok() && value->constant() == 0;
    return value;
  }

  StatusOr<DimExpr> primary() {
    if (++depth_ > kMaxDepth) return error("too deeply nested");
    StatusOr<DimExpr> result = primaryInside();
    --depth_;
    return result;
  }

  StatusOr<DimExpr> primaryInside() {
    if (take('-')) {
      skipSpace();
      if (isAtDigit()) return number(-1);
      MLC_ASSIGN_OR_RETURN(DimExpr value, primary());
      return DimExpr(0) - value;
    }
    if (take('(')) {
      MLC_ASSIGN_OR_RETURN(DimExpr value, sum());
      if (!take(')')) return error("expected ')'");
      return value;
    }
    if (isAtDigit()) return number(1);
    return nameOrCall();
  }

  bool isAtDigit() const {
    return at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0;
  }

  // The digits times the sign: there is one more negative number than positive ones.
  StatusOr<DimExpr> number(int64_t sign) {
    int64_t value = 0;
    while (isAtDigit()) {
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, sign * (text_[at_] - '0'), &value)) {
        return error("number overflows 64 bits");
      }
      ++at_;
    }
    return DimExpr(value);
  }

  StatusOr<DimExpr> nameOrCall() {
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                  text_[at_] == '_' || text_[at_] == '.')) {
      ++at_;
    }
    if (begin == at_) return error("expected a number or a name");
    std::string name(text_.substr(begin, at_ - begin));
    if (!take('(')) return DimExpr::symbol(std::move(name));
    MLC_ASSIGN_OR_RETURN(DimExpr a, sum());
    if (!take(',')) return error("expected ','");
    MLC_ASSIGN_OR_RETURN(DimExpr b, sum());
    if (!take(')')) return error("expected ')'");
    if (name == "min") return min(a, b);
    if (name == "max") return max(a, b);
    if (name == "ceildiv") return ceilDiv(a, *divisor(b));
    if (name == "broadcast") return broadcast(a, b);
    return error("unknown function '" + name + "'");
  }

  static constexpr int kMaxDepth = 200;
  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  bool dividesByZero_ = false;  // somewhere, whatever the symbols are
};

}  // namespace

DimExpr::DimExpr(int64_t constant) {
  if (constant != 0) terms_.push_back({constant, {}});
  text_ = std::to_string(constant);
}

DimExpr::DimExpr(std::vector<Term> terms) {
  // Equal products of factors become one term; terms are ordered by text, the constant last.
  std::map<std::string, Term> byFactors;
  bool isTooMuch = terms.size() > 2 * kMaxTerms;
  size_t length = 0;
  for (Term& term : terms) {
    isTooMuch |= term.factors.size() > kMaxFactors;
    if (isTooMuch) break;
    std::sort(term.factors.begin(), term.factors.end(),
              [](const Atom& a, const Atom& b) { return atomText(a) < atomText(b); });
    auto [it, inserted] = byFactors.try_emplace(factorsText(term), term);
    if (inserted) {
      length += it->first.size();
      isTooMuch |= length > kMaxText;
    } else {
      isTooMuch |=
          __builtin_add_overflow(it->second.coefficient, term.coefficient, &it->second.coefficient);
    }
  }
  auto append = [&](const std::string& factors, const Term& term) {
    if (term.coefficient == 0) return;
    if (!text_.empty()) text_ += " + ";
    if (factors.empty()) {
      text_ += std::to_string(term.coefficient);
    } else {
      if (term.coefficient != 1) text_ += std::to_string(term.coefficient) + " * ";
      text_ += factors;
    }
    terms_.push_back(term);
  };
  for (const auto& [factors, term] : byFactors) {
    if (!factors.empty()) append(factors, term);
  }
  if (auto it = byFactors.find(""); it != byFactors.end()) append("", it->second);
  if (text_.empty()) text_ = "0";
  if (isTooMuch || terms_.size() > kMaxTerms || text_.size() > kMaxText) *this = undefined();
}

DimExpr DimExpr::symbol(std::string name) {
  return DimExpr(std::vector<Term>{{1, {Atom{AtomKind::kSymbol, std::move(name), {}}}}});
}

DimExpr DimExpr::opaque(AtomKind kind, const DimExpr& a, const DimExpr& b) {
  if (std::max(nestingOf(a), nestingOf(b)) >= kMaxNesting) return undefined();
  return DimExpr(std::vector<Term>{{1, {Atom{kind, {}, {a, b}}}}});
}

StatusOr<DimExpr> DimExpr::parse(std::string_view text) { return Parser(text).run(); }

std::optional<int64_t> DimExpr::constant() const {
  if (terms_.empty()) return 0;
  if (terms_.size() == 1 && terms_[0].factors.empty()) return terms_[0].coefficient;
  return std::nullopt;
}

std::string DimExpr::symbolName() const {
  if (terms_.size() != 1) return {};
  const Term& term = terms_.front();
  if (term.coefficient != 1 || term.factors.size() != 1) return {};
  return term.factors.front().symbol;
}

bool DimExpr::isDefined() const {
  for (const Term& term : terms_) {
    for (const Atom& atom : term.factors) {
      const bool divides = atom.kind == AtomKind::kFloorDiv || atom.kind == AtomKind::kCeilDiv ||
                           atom.kind == AtomKind::kMod;
      if (divides && atom.operands[1].constant() == 0) return false;
      for (const DimExpr& operand : atom.operands) {
        if (!operand.isDefined()) return false;
      }
    }
  }
  return true;
}

namespace {

StatusOr<int64_t> evaluateAtom(const Atom& atom, const SymbolValues& values) {
  if (atom.kind == AtomKind::kSymbol) {
    auto it = values.find(atom.symbol);
    if (it == values.end()) return invalidError("dimension '" + atom.symbol + "' is not known");
    return it->second;
  }
  MLC_ASSIGN_OR_RETURN(const int64_t a, atom.operands[0].evaluate(values));
  MLC_ASSIGN_OR_RETURN(const int64_t b, atom.operands[1].evaluate(values));
  if (atom.kind == AtomKind::kMin) return std::min(a, b);
  if (atom.kind == AtomKind::kMax) return std::max(a, b);
  if (atom.kind == AtomKind::kBroadcast) return a == 1 ? b : a;
  if (!dividable(a, b)) return noValue();
  const int64_t quotient = floorDivide(a, b);
  if (atom.kind == AtomKind::kFloorDiv) return quotient;
  if (atom.kind == AtomKind::kMod) return a - quotient * b;
  return a % b == 0 ? quotient : quotient + 1;
}

}  // namespace

StatusOr<int64_t> DimExpr::evaluate(const SymbolValues& values) const {
  int64_t sum = 0;
  for (const Term& term : terms_) {
    int64_t product = term.coefficient;
    for (const Atom& atom : term.factors) {
      MLC_ASSIGN_OR_RETURN(const int64_t value, evaluateAtom(atom, values));
      if (__builtin_mul_overflow(product, value, &product)) return noValue();
    }
    if (__builtin_add_overflow(sum, product, &sum)) return noValue();
  }
  return sum;
}

DimExpr DimExpr::substitute(const std::map<std::string, DimExpr, std::less<>>& replacements) const {
  std::vector<DimExpr> products;
  for (const Term& term : terms_) {
    DimExpr product = term.coefficient;
    for (const Atom& atom : term.factors) {
      if (atom.kind == AtomKind::kSymbol) {
        auto it = replacements.find(atom.symbol);
        product = product * (it == replacements.end() ? symbol(atom.symbol) : it->second);
        continue;
      }
      const DimExpr a = atom.operands[0].substitute(replacements);
      const DimExpr b = atom.operands[1].substitute(replacements);
      switch (atom.kind) {
        case AtomKind::kFloorDiv:
          product = product * floorDiv(a, b);
          break;
        case AtomKind::kCeilDiv:
          product = product * ceilDiv(a, b);
          break;
        case AtomKind::kMod:
          product = product * mod(a, b);
          break;
        case AtomKind::kMin:
          product = product * min(a, b);
          break;
        case AtomKind::kBroadcast:
          product = product * broadcast(a, b);
          break;
        default:
          product = product * max(a, b);
      }
    }
    products.push_back(std::move(product));
  }
  return sumOf(std::move(products));
}

void DimExpr::collectSymbols(std::set<std::string>& symbols) const {
  for (const Term& term : terms_) {
    for (const Atom& atom : term.factors) {
      if (atom.kind == AtomKind::kSymbol) symbols.insert(atom.symbol);
      for (const DimExpr& operand : atom.operands) operand.collectSymbols(symbols);
    }
  }
}

DimExpr operator+(const DimExpr& a, const DimExpr& b) {
  std::vector<Term> terms = a.terms_;
  terms.insert(terms.end(), b.terms_.begin(), b.terms_.end());
  return DimExpr(std::move(terms));
}

DimExpr operator-(const DimExpr& a, const DimExpr& b) { return a + DimExpr(-1) * b; }

DimExpr operator*(const DimExpr& a, const DimExpr& b) {
  if (a.terms_.size() * b.terms_.size() > kMaxTerms) return undefined();
  std::vector<Term> terms;
  for (const Term& x : a.terms_) {
    for (const Term& y : b.terms_) {
      Term term = x;
      if (__builtin_mul_overflow(x.coefficient, y.coefficient, &term.coefficient)) {
        return undefined();
      }
      term.factors.insert(term.factors.end(), y.factors.begin(), y.factors.end());
      terms.push_back(std::move(term));
    }
  }
  return DimExpr(std::move(terms));
}

namespace {

// a / b where b is one term that divides every term of a; nothing otherwise.
std::optional<std::vector<Term>> exactQuotient(const std::vector<Term>& dividend,
                                               const std::vector<Term>& divisor) {
  if (divisor.size() != 1) return std::nullopt;
  std::vector<Term> quotient;
  for (Term term : dividend) {
    if (term.coefficient == INT64_MIN && divisor[0].coefficient == -1) return std::nullopt;
    if (term.coefficient % divisor[0].coefficient != 0) return std::nullopt;
    term.coefficient /= divisor[0].coefficient;
    for (const Atom& atom : divisor[0].factors) {
      auto it = std::find_if(term.factors.begin(), term.factors.end(), [&](const Atom& factor) {
        return atomText(factor) == atomText(atom);
      });
      if (it == term.factors.end()) return std::nullopt;
      term.factors.erase(it);
    }
    quotient.push_back(std::move(term));
  }
  return quotient;
}

}  // namespace

DimExpr floorDiv(const DimExpr& a, const DimExpr& b) {
  if (auto quotient = exactQuotient(a.terms_, b.terms_)) return DimExpr(std::move(*quotient));
  if (a == b) return 1;
  const std::optional<int64_t> x = a.constant(), y = b.constant();
  if (x && y && dividable(*x, *y)) return floorDivide(*x, *y);
  return DimExpr::opaque(AtomKind::kFloorDiv, a, b);
}

DimExpr ceilDiv(const DimExpr& a, const DimExpr& b) {
  if (auto quotient = exactQuotient(a.terms_, b.terms_)) return DimExpr(std::move(*quotient));
  if (a == b) return 1;
  const std::optional<int64_t> x = a.constant(), y = b.constant();
  if (x && y && dividable(*x, *y)) return floorDivide(*x, *y) + (*x % *y != 0 ? 1 : 0);
  return DimExpr::opaque(AtomKind::kCeilDiv, a, b);
}

DimExpr mod(const DimExpr& a, const DimExpr& b) {
  if (exactQuotient(a.terms_, b.terms_) || a == b) return 0;
  const std::optional<int64_t> x = a.constant(), y = b.constant();
  if (x && y && dividable(*x, *y)) return *x - floorDivide(*x, *y) * *y;
  return DimExpr::opaque(AtomKind::kMod, a, b);
}

DimExpr min(const DimExpr& a, const DimExpr& b) {
  if (a == b) return a;
  const std::optional<int64_t> difference = (a - b).constant();
  if (difference) return *difference <= 0 ? a : b;
  return a < b ? DimExpr::opaque(AtomKind::kMin, a, b) : DimExpr::opaque(AtomKind::kMin, b, a);
}

DimExpr max(const DimExpr& a, const DimExpr& b) {
  if (a == b) return a;
  const std::optional<int64_t> difference = (a - b).constant();
  if (difference) return *difference >= 0 ? a : b;
  return a < b ? DimExpr::opaque(AtomKind::kMax, a, b) : DimExpr::opaque(AtomKind::kMax, b, a);
}

namespace {

// The sizes that a broadcast joins: those of nested broadcasts, in alphabetical order.
void collectBroadcast(const DimExpr& expr, std::map<std::string, DimExpr>& sizes) {
  const auto& terms = expr.terms();
  if (terms.size() == 1 && terms[0].coefficient == 1 && terms[0].factors.size() == 1 &&
      terms[0].factors[0].kind == AtomKind::kBroadcast) {
    for (const DimExpr& operand : terms[0].factors[0].operands) collectBroadcast(operand, sizes);
    return;
  }
  sizes.emplace(expr.str(), expr);
}

}  // namespace

DimExpr broadcast(const DimExpr& a, const DimExpr& b) {
  std::map<std::string, DimExpr> sizes;
  collectBroadcast(a, sizes);
  collectBroadcast(b, sizes);
  sizes.erase("1");
  if (sizes.empty()) return 1;
  // What broadcasts with a constant other than 1 has that size.
  for (const auto& [text, size] : sizes) {
    if (size.isConstant()) return size;
  }
  DimExpr result = sizes.rbegin()->second;
  for (auto it = std::next(sizes.rbegin()); it != sizes.rend(); ++it)
    result = DimExpr::opaque(AtomKind::kBroadcast, it->second, result);
  return result;
}

}  // namespace mlc
