// What can be said of dim expressions without knowing their symbols, which are sizes: never
// negative.
#pragma once

#include <optional>

#include "runtime/base/dim_expr.h"

namespace mlc::sizes {

// A constant that the expression is never below or never above; none if none is found.
std::optional<int64_t> lowerBound(const DimExpr& expr);
std::optional<int64_t> upperBound(const DimExpr& expr);

// Whether a is less than (equal to, ...) b for all sizes (true), for none (false), or it depends
// (none).
std::optional<bool> isLess(const DimExpr& a, const DimExpr& b);
std::optional<bool> isEqual(const DimExpr& a, const DimExpr& b);

// min and max, without the operand that is never chosen.
DimExpr smaller(const DimExpr& a, const DimExpr& b);
DimExpr larger(const DimExpr& a, const DimExpr& b);

// a - b, with minima and maxima of b outermost: n - min(1, n) is max(n - 1, 0).
DimExpr difference(const DimExpr& a, const DimExpr& b);

// Where dims of these sizes broadcast only if they are equal: the simpler of the two. So it is with
// min(512, n) and n; a static dim other than 1 does not decide that a symbolic one is not 1.
std::optional<DimExpr> equalInBroadcast(const DimExpr& a, const DimExpr& b);

}  // namespace mlc::sizes
