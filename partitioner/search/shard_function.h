// tp inside one function: which factor of each op is split over the ranks of a group.
//
// A beam search over the ops in order; a state says in which layouts each live tensor is available.
// It is exact while the beam is not full. Every op runs whole on all ranks, split along a factor
// that canSplit, or (a linear op) on partial sums. Where a tensor is not available in the layout
// that an op wants, a collective makes it, and it then is available in both. Weights are available
// in every layout.
#pragma once

#include <optional>
#include <vector>

#include "partitioner/cost/cost.h"
#include "partitioner/graph/block_graph.h"
#include "partitioner/plan/dim_classes.h"
#include "partitioner/plan/plan.h"

namespace mlc::partition {

// Which part of a function runs, and what of it must be whole on every rank at the end. Tensors
// that it does not make are whole at the start.
struct Range {
  std::vector<int> ops;      // ascending
  std::vector<int> outputs;  // tensors
};

Range wholeFunction(const Function& function);

struct ShardOptions {
  double scale = 1;        // this group's part of the nominal batch
  bool mustSplit = false;  // heavy ops may not be replicated if they can be split
  int beam = 256;
  std::vector<double> callSeconds;  // per function: of one call on this group
};

// The fastest sharding found. Deterministic. `sharding.function` is for the caller to fill in.
FunctionSharding shardFunction(const Function& function, const DimClasses& classes,
                               const Range& range, const GroupCost& group,
                               const ShardOptions& options);

// What each op may do: kReplicate first, then the factors; kPassPartial last. For tests and for
// shardFunction.
std::vector<int> opChoices(const Function& function, const DimClasses& classes, int op,
                           const ShardOptions& options);

}  // namespace mlc::partition
