#include "compiler/import/shape/symbols.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <tuple>
#include <utility>

#include "compiler/import/shape/dim_facts.h"

namespace mlc::sizes {
namespace {

using Replacements = std::map<std::string, DimExpr, std::less<>>;

// Whether the expression is min(other, ...) or broadcast(other, ...).
bool isAtomOf(DimExpr::AtomKind kind, const DimExpr& expr, const DimExpr& other) {
  if (expr.terms().size() != 1) return false;
  const DimExpr::Term& term = expr.terms().front();
  if (term.coefficient != 1 || term.factors.size() != 1) return false;
  const DimExpr::Atom& atom = term.factors.front();
  return atom.kind == kind && (atom.operands[0] == other || atom.operands[1] == other);
}

// The other operand of an atom of two.
DimExpr besides(const DimExpr& expr, const DimExpr& other) {
  const std::vector<DimExpr>& operands = expr.terms().front().factors.front().operands;
  return operands[0] == other ? operands[1] : operands[0];
}

bool contains(const DimExpr& expr, const std::string& symbol) {
  std::set<std::string> symbols;
  expr.collectSymbols(symbols);
  return symbols.contains(symbol);
}

// c * x = y with a constant c: x and y / c, if that is exact.
std::pair<DimExpr, DimExpr> withoutCoefficient(const DimExpr& product, const DimExpr& size) {
  if (product.terms().size() != 1) return {product, size};
  const int64_t coefficient = product.terms().front().coefficient;
  if (coefficient == 1 || !(mod(size, coefficient) == DimExpr(0))) return {product, size};
  return {floorDiv(product, coefficient), floorDiv(size, coefficient)};
}

std::optional<bool> isDivisible(const DimExpr& a, const DimExpr& b) {
  if (b.constant() == 0) return false;
  // A quotient by what may be 0 is not known to exist.
  if (lowerBound(b).value_or(0) < 1) return std::nullopt;
  const DimExpr rest = mod(a, b);
  return rest.isConstant() ? std::optional(rest.constant() == 0) : std::nullopt;
}

std::optional<bool> isProved(Relation relation, const DimExpr& a, const DimExpr& b) {
  switch (relation) {
    case Relation::kEqual:
      return isEqual(a, b);
    case Relation::kDifferent: {
      const std::optional<bool> equal = isEqual(a, b);
      return equal ? std::optional(!*equal) : std::nullopt;
    }
    case Relation::kAtLeast: {
      const std::optional<bool> less = isLess(a, b);
      return less ? std::optional(!*less) : std::nullopt;
    }
    case Relation::kDivisible:
      return isDivisible(a, b);
    case Relation::kOneOrEqual:
    case Relation::kBroadcast: {
      const std::optional<bool> equal = isEqual(a, b), aIsOne = isEqual(a, 1);
      const std::optional<bool> bIsOne = relation == Relation::kBroadcast ? isEqual(b, 1) : false;
      if (equal == true || aIsOne == true || bIsOne == true) return true;
      if (equal == false && aIsOne == false && bIsOne == false) return false;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

void Symbols::beginImport() {
  checked_.clear();
  stated_.clear();
  dimsOfSymbol_.clear();
}

DimExpr Symbols::ofInput(const std::string& name, const std::string& input, int dim) {
  dimsOfSymbol_[sanitized(name)].push_back({input, dim});
  return named(name);
}

std::string Symbols::sanitized(const std::string& name) {
  if (auto it = symbolOfName_.find(name); it != symbolOfName_.end()) return it->second;
  std::string symbol;
  for (const char c : name) {
    symbol += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ? c : '_';
  }
  if (symbol.empty() || std::isdigit(static_cast<unsigned char>(symbol.front())) != 0)
    symbol.insert(0, 1, '_');
  // Functions of the expressions' grammar.
  if (symbol == "min" || symbol == "max" || symbol == "ceildiv" || symbol == "broadcast")
    symbol += "_";
  while (!taken_.insert(symbol).second) symbol += "_";
  symbolOfName_[name] = symbol;
  return symbol;
}

DimExpr Symbols::named(const std::string& name) {
  if (auto it = bound_.find(name); it != bound_.end()) {
    used_.insert(name);
    return it->second;
  }
  if (name.find_first_of("+*") != std::string::npos) {
    if (StatusOr<DimExpr> expr = DimExpr::parse(name); expr.ok()) {
      std::set<std::string> parts;
      expr->collectSymbols(parts);
      const bool isKnown = std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
        return dimNames_.contains(part) || bound_.contains(part);
      });
      if (isKnown) {
        std::map<std::string, DimExpr, std::less<>> values;
        for (const std::string& part : parts) values.emplace(part, named(part));
        return expr->substitute(values);
      }
    }
  }
  const std::string symbol = sanitized(name);
  if (auto bound = bound_.find(symbol); bound != bound_.end()) {
    used_.insert(symbol);
    return bound->second;
  }
  auto it = replaced_.find(symbol);
  return it == replaced_.end() ? DimExpr::symbol(symbol) : it->second.by;
}

bool isComputed(const DimExpr& expr) {
  std::set<std::string> symbols;
  expr.collectSymbols(symbols);
  return std::any_of(symbols.begin(), symbols.end(),
                     [](const std::string& symbol) { return symbol.starts_with(kComputedPrefix); });
}

Verdict Symbols::assume(Relation relation, const DimExpr& left, const DimExpr& right,
                        const Reason& reason) {
  if (const std::optional<bool> proved = isProved(relation, left, right))
    return *proved ? Verdict::kProved : Verdict::kRefuted;
  if (relation == Relation::kEqual && (isPutTogether(left, right) || isPutTogether(right, left)))
    return Verdict::kProved;
  if (isComputed(left) || isComputed(right)) return Verdict::kComputed;
  if (relation == Relation::kEqual) return equate(left, right, reason);
  if (relation == Relation::kBroadcast && equalInBroadcast(left, right))
    return equate(left, right, reason);
  check(relation, left, right, reason);
  return Verdict::kChecked;
}

bool Symbols::isPutTogether(const DimExpr& parts, const DimExpr& whole) const {
  return std::any_of(checked_.begin(), checked_.end(), [&](const SizeConstraint& known) {
    return known.relation == Relation::kDivisible && known.left == whole &&
           parts == known.right * floorDiv(whole, known.right);
  });
}

Verdict Symbols::equate(const DimExpr& a, const DimExpr& b, const Reason& reason) {
  using Kind = DimExpr::AtomKind;
  for (const auto& [whole, part] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    if (simplified(*whole) == *part) return Verdict::kChecked;
    if (isAtomOf(Kind::kMin, *whole, *part)) {
      // A table of 512 positions, of which the first `seq` are taken, is added to `seq` rows: there
      // are no more.
      simplified_.emplace(whole->str(), *part);
      learned_.push_back({Relation::kAtLeast,
                          besides(*whole, *part),
                          *part,
                          reason.node,
                          reason.text,
                          "main",
                          {}});
      return Verdict::kLearned;
    }
    if (isAtomOf(Kind::kBroadcast, *whole, *part)) {
      simplified_.emplace(whole->str(), *part);
      learned_.push_back({Relation::kOneOrEqual,
                          besides(*whole, *part),
                          *part,
                          reason.node,
                          reason.text,
                          "main",
                          {}});
      return Verdict::kLearned;
    }
  }
  auto [left, right] = withoutCoefficient(a, b);
  std::tie(right, left) = withoutCoefficient(right, left);
  // Of two symbols the earlier in the alphabet stays, whatever the order they met in; a symbol
  // gives way to an expression.
  const std::string first = left.symbolName(), second = right.symbolName();
  const bool leftGoes = !first.empty() && (second.empty() || first > second);
  if (leftGoes ? replace(left, right, reason) || replace(right, left, reason)
               : replace(right, left, reason) || replace(left, right, reason)) {
    return Verdict::kLearned;
  }
  check(Relation::kEqual, a, b, reason);
  return Verdict::kChecked;
}

bool Symbols::replace(const DimExpr& expr, const DimExpr& by, const Reason& reason) {
  const std::string symbol = expr.symbolName();
  // An expression that may be negative is no size that an input could have.
  if (symbol.empty() || contains(by, symbol) || lowerBound(by).value_or(-1) < 0) return false;
  const Replacements replacement = {{symbol, by}};
  for (auto& [name, other] : replaced_) other.by = other.by.substitute(replacement);
  replaced_.emplace(symbol, Replacement{by, reason});
  std::map<std::string, DimExpr> renamed;
  for (const auto& [text, to] : simplified_) {
    renamed.emplace(DimExpr::parse(text)->substitute(replacement).str(),
                    to.substitute(replacement));
  }
  simplified_ = std::move(renamed);
  for (SizeConstraint& constraint : learned_) {
    constraint.left = constraint.left.substitute(replacement);
    constraint.right = constraint.right.substitute(replacement);
  }
  return true;
}

void Symbols::check(Relation relation, const DimExpr& left, const DimExpr& right,
                    const Reason& reason) {
  const std::string text =
      std::string(relationName(relation)) + " " + left.str() + ", " + right.str();
  if (!stated_.insert(text).second) return;
  checked_.push_back({relation, left, right, reason.node, reason.text, "main", {}});
}

DimExpr Symbols::simplified(const DimExpr& expr) const {
  auto it = simplified_.find(expr.str());
  return it == simplified_.end() ? expr : it->second;
}

std::vector<SizeConstraint> Symbols::constraints() const {
  std::vector<SizeConstraint> all;
  for (const auto& [symbol, replacement] : replaced_) {
    auto dims = dimsOfSymbol_.find(symbol);
    // A symbol that occurs within other dims only is checked as a part of these.
    if (dims == dimsOfSymbol_.end()) continue;
    all.push_back({Relation::kEqual, DimExpr::symbol(symbol), replacement.by,
                   replacement.reason.node, replacement.reason.text, "main", dims->second});
  }
  all.insert(all.end(), learned_.begin(), learned_.end());
  all.insert(all.end(), checked_.begin(), checked_.end());
  return all;
}

std::vector<std::string> Symbols::unusedBindings() const {
  std::vector<std::string> names;
  for (const auto& [name, size] : bound_) {
    if (!used_.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace mlc::sizes
