#include "compiler/import/onnx/symbols.h"

#include <cctype>
#include <utility>

namespace mlc::onnx_import {
namespace {

// The name of an expression that is one symbol; empty for others.
std::string symbolName(const DimExpr& expr) {
  if (expr.terms().size() != 1) return {};
  const DimExpr::Term& term = expr.terms().front();
  if (term.coefficient != 1 || term.factors.size() != 1) return {};
  return term.factors.front().symbol;
}

// Whether the expression is min(other, ...).
bool isMinimumOf(const DimExpr& expr, const DimExpr& other) {
  if (expr.terms().size() != 1) return false;
  const DimExpr::Term& term = expr.terms().front();
  if (term.coefficient != 1 || term.factors.size() != 1) return false;
  const DimExpr::Atom& atom = term.factors.front();
  return atom.kind == DimExpr::AtomKind::kMin &&
         (atom.operands[0] == other || atom.operands[1] == other);
}

bool contains(const DimExpr& expr, const std::string& symbol) {
  std::set<std::string> symbols;
  expr.collectSymbols(symbols);
  return symbols.contains(symbol);
}

}  // namespace

std::string Symbols::sanitized(const std::string& name) {
  if (auto it = symbolOfName_.find(name); it != symbolOfName_.end()) return it->second;
  std::string symbol;
  for (const char c : name) {
    symbol += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ? c : '_';
  }
  if (symbol.empty() || std::isdigit(static_cast<unsigned char>(symbol.front())) != 0)
    symbol.insert(0, 1, '_');
  // Functions of the expressions' grammar.
  if (symbol == "min" || symbol == "max" || symbol == "ceildiv") symbol += "_";
  while (!taken_.insert(symbol).second) symbol += "_";
  symbolOfName_[name] = symbol;
  return symbol;
}

DimExpr Symbols::named(const std::string& name) {
  if (auto it = bound_.find(name); it != bound_.end()) {
    used_.insert(name);
    return it->second;
  }
  // Exporters name sums and products of dims: "past + seq".
  if (name.find_first_of("+*") != std::string::npos) {
    if (StatusOr<DimExpr> expr = DimExpr::parse(name); expr.ok()) {
      std::set<std::string> parts;
      expr->collectSymbols(parts);
      std::map<std::string, DimExpr, std::less<>> values;
      for (const std::string& part : parts) values.emplace(part, named(part));
      return expr->substitute(values);
    }
  }
  const std::string symbol = sanitized(name);
  if (auto it = bound_.find(symbol); it != bound_.end()) {
    used_.insert(symbol);
    return it->second;
  }
  return DimExpr::symbol(symbol).substitute(equal_);
}

bool Symbols::equate(const DimExpr& a, const DimExpr& b) {
  if (a == b) return true;
  if (isMinimumOf(a, b) || isMinimumOf(b, a)) {
    // A table of 512 positions, of which the first `seq` are taken, is added to `seq` rows: there
    // are no more.
    minima_.insert(isMinimumOf(a, b) ? std::pair(a.str(), b) : std::pair(b.str(), a));
    return true;
  }
  std::string symbol = symbolName(b);
  const DimExpr* kept = &a;
  // Of two symbols the earlier in the alphabet stays, whatever the order they met in; a symbol
  // gives way to an expression.
  const std::string other = symbolName(a);
  if (symbol.empty() || (!other.empty() && other > symbol)) {
    symbol = other;
    kept = &b;
  }
  if (symbol.empty() || contains(*kept, symbol)) return false;
  const std::map<std::string, DimExpr, std::less<>> replacement = {{symbol, *kept}};
  for (auto& [name, expr] : equal_) expr = expr.substitute(replacement);
  equal_.emplace(symbol, *kept);
  return true;
}

std::vector<std::string> Symbols::unified() const {
  std::vector<std::string> texts;
  for (const auto& [symbol, expr] : equal_) texts.push_back(symbol + " = " + expr.str());
  for (const auto& [text, expr] : minima_) texts.push_back(text + " = " + expr.str());
  return texts;
}

DimExpr Symbols::simplified(const DimExpr& expr) const {
  auto it = minima_.find(expr.str());
  return it == minima_.end() ? expr : it->second;
}

std::vector<std::string> Symbols::unusedBindings() const {
  std::vector<std::string> names;
  for (const auto& [name, size] : bound_) {
    if (!used_.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace mlc::onnx_import
