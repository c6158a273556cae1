// Main as a chain to be cut into stages. Private to the search.
#pragma once

#include <vector>

#include "partitioner/device_model/device_model.h"
#include "partitioner/graph/block_graph.h"
#include "partitioner/search/shard_function.h"

namespace mlc::partition {

struct StageChain {
  std::vector<int> rematerializedOps;  // every stage that needs them does them
  std::vector<int> ops;                // the others, in order
  std::vector<double> crossingBytes;   // at a cut before ops[i]; one more entry, 0, at the end
};

// With one stage nothing is rematerialized.
StageChain makeStageChain(const Function& main, const BlockGraph& graph, const DeviceModel& model,
                          int stages);

// What a stage with these ops of the chain runs: them and the rematerialized ops they need; and
// what of it others or the model need.
Range stageRange(const Function& main, const StageChain& chain, int begin, int end, bool isLast);

}  // namespace mlc::partition
