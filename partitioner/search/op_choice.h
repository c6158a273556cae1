// What each op of a function may do over tp, with what it costs by itself. Private to the search.
#pragma once

#include <vector>

#include "partitioner/search/layout_tracker.h"
#include "partitioner/search/shard_function.h"

namespace mlc::partition {

struct OpChoice {
  OpSharding sharding;
  double seconds = 0;             // of the op itself on the slowest rank
  std::vector<LayoutSet> wanted;  // per operand
  std::vector<LayoutSet> given;   // per result
};

OpChoice makeChoice(const Function& function, const DimClasses& classes, int op, int factor,
                    const GroupCost& group, const ShardOptions& options);

// The same with the given sharding (whose shares may be any).
OpChoice makeChoice(const Function& function, int op, OpSharding sharding, const GroupCost& group,
                    const ShardOptions& options);

}  // namespace mlc::partition
