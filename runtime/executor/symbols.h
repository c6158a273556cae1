// The values of dimension symbols, found by holding actual shapes against the specs.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/dim_expr.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::executor {

// A tensor's spec and the shape that it has in this run.
struct ActualShape {
  const package::TensorSpec* spec = nullptr;
  std::vector<int64_t> shape;
};

using Constraints = std::vector<SizeConstraint>;

// Dims that are a symbol alone bind it; all other dims, and symbols that are bound already, are
// checked. Fails with kInvalid and a message that names the tensor, the dim, what was expected and
// what was given; and, where a constraint replaced the dim's symbol, the node that needs it and
// why.
Status bindSymbols(const std::vector<ActualShape>& tensors, SymbolValues& symbols,
                   const Constraints& constraints = {});

// Whether what the model needs of its sizes holds (Manifest::constraints). Fails with kInvalid and
// a message that names the node, why it needs it, both sizes, and the inputs that they come from.
Status checkConstraints(const Constraints& constraints,
                        const std::vector<package::TensorSpec>& inputs,
                        const SymbolValues& symbols);

// The shape that a spec has under these symbols.
StatusOr<std::vector<int64_t>> shapeOf(const package::TensorSpec& spec,
                                       const SymbolValues& symbols);

}  // namespace mlc::executor
