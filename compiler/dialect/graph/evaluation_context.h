// What a reference evaluation needs besides operands.
#pragma once

#include "runtime/base/dim_expr.h"

namespace mlc::graph {

class WeightTable;

struct EvaluationContext {
  SymbolValues symbols;                  // values of the symbols in result types and attributes
  const WeightTable* weights = nullptr;  // for graph.weight; may be null where there is none
};

}  // namespace mlc::graph
