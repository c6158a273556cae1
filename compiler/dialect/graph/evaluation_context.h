// What a reference evaluation needs besides operands.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/base/dim_expr.h"

namespace mlc {
class HostTensor;
class Objects;
}  // namespace mlc

namespace mlc::graph {

class WeightTable;

struct EvaluationContext {
  SymbolValues symbols;                  // values of the symbols in result types and attributes
  const WeightTable* weights = nullptr;  // for graph.weight; may be null where there is none
  // For graph.state, by name; null: all are empty.
  const std::map<std::string, HostTensor>* states = nullptr;
  // What the elements of strings, sequences and optionals refer to; may be null where there are
  // none.
  std::shared_ptr<Objects> objects;
};

}  // namespace mlc::graph
