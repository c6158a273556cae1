// An expression is refused, or read again from its text; its arithmetic ends.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "runtime/base/dim_expr.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mlc::DimExpr;
  const mlc::StatusOr<DimExpr> expr =
      DimExpr::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!expr.ok()) return 0;
  if (expr->isDefined()) {
    const mlc::StatusOr<DimExpr> again = DimExpr::parse(expr->str());
    if (!again.ok() || !(*again == *expr)) std::abort();
  }
  std::set<std::string> symbols;
  expr->collectSymbols(symbols);
  mlc::SymbolValues values;
  std::map<std::string, DimExpr, std::less<>> replacements;
  for (const std::string& symbol : symbols) {
    values[symbol] = static_cast<int64_t>(values.size()) - 1;
    replacements[symbol] = *expr + DimExpr::symbol(symbol);
  }
  (void)expr->evaluate(values);
  (void)expr->substitute(replacements);
  return 0;
}
