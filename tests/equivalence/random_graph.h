// Random models: of their seed alone.
#pragma once

#include <vector>

#include "compiler/dialect/graph/weight_table.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/base/dim_expr.h"
#include "runtime/base/host_tensor.h"

namespace mlc::equivalence {

struct RandomGraph {
  mlir::OwningOpRef<mlir::ModuleOp> module;  // graph dialect; as the importer makes it
  graph::WeightTable weights;
  // Of @main, for two runs with other sizes of the symbols.
  std::vector<std::vector<HostTensor>> inputs;
  // Made of ops that mostly leave the batch alone, so that it can mostly be cut.
  bool keepsBatchFirst = false;
};

// Of some 5 to 60 ops. Sizes are small, and mostly of the uneven kind: 5 heads, 7 channels. The
// context needs the dialects graph and func.
RandomGraph makeRandomGraph(mlir::MLIRContext& context, uint64_t seed);

}  // namespace mlc::equivalence
