// The partitioner's view of a graph module.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "partitioner/graph/block_graph.h"
#include "runtime/base/dim_expr.h"

namespace mlc::partition {

// A block graph and what its numbers stand for. Weights and constants are tensors, not ops. An op
// with regions has the values that they capture as further operands. Valid as long as the module is
// not changed.
struct ModelGraph {
  BlockGraph graph;
  std::vector<mlir::func::FuncOp> functions;       // by function
  std::vector<std::vector<mlir::Operation*>> ops;  // by function and op
  std::vector<std::vector<mlir::Value>> tensors;   // by function and tensor
  SymbolValues sizes;                              // what the costs are made with, by symbol
};

// Sizes for the symbols, for costs only. A symbol that is not named has 1 if it is the first dim of
// an input of @main, else 128.
using NominalSizes = std::map<std::string, int64_t, std::less<>>;

// The module has a @main; its ops are of the graph dialect and calls.
ModelGraph buildBlockGraph(mlir::ModuleOp module, const NominalSizes& sizes = {});

}  // namespace mlc::partition
