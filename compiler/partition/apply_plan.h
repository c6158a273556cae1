// Makes each rank's program of a module and a plan.
//
//   %q = graph.weight "q" : tensor<8x8xf32>
//   %o = graph.weight "o" : tensor<8x8xf32>
//   %0 = graph.contract %x, %q
//   %1 = graph.contract %0, %o
//
// becomes, for both of two ranks,
//
//   %q = graph.weight "q" {dist.cut = #dist.cut<dim = 1, shares = [1, 1]>} : tensor<8x4xf32>
//   %o = graph.weight "o" {dist.cut = #dist.cut<dim = 0, shares = [1, 1]>} : tensor<4x8xf32>
//   %0 = graph.contract %x, %q
//   %1 = graph.contract %0, %o            a partial sum
//   %2 = dist.all_reduce %1 {axis = "tp", kind = sum}
//
// A rank's module has the ops of its stage in @main, with local types, and the blocks that they
// call, all for this rank. Values that cross stages are arguments and results of @main; `inputs`
// and `outputs` say for each where it comes from and goes to.
#pragma once

#include <vector>

#include "compiler/partition/build_block_graph.h"
#include "mlir/IR/OwningOpRef.h"
#include "partitioner/plan/plan.h"
#include "runtime/package/manifest.h"

namespace mlc::partition {

struct RankProgram {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<package::ProgramInput> inputs;    // of @main's arguments, in order
  std::vector<package::ProgramOutput> outputs;  // of @main's results, in order
};

struct RankPrograms {
  // Distinct ones. Ranks with equal sizes share one: where their pieces begin is the runtime's to
  // know (dist.cut, and the symbol package::kTpRankSymbol in starts of slices).
  std::vector<RankProgram> programs;
  std::vector<int> programOfRank;                    // -1: the rank has no work
  std::vector<package::TensorSpec> inputs, outputs;  // of the model
};

// `graph` is the module's. Fails with kInvalid if the plan does not fit the module, and with
// kUnsupported if the batch must be cut and cannot be.
StatusOr<RankPrograms> applyPlan(mlir::ModuleOp module, const ModelGraph& graph, const Plan& plan);

}  // namespace mlc::partition
