// Whether, and where, a model can be cut along the batch: for dp and for microbatches.
#pragma once

#include <string>
#include <vector>

#include "partitioner/graph/block_graph.h"

namespace mlc::partition {

// The batch is dim 0 of every input that has it and of every output, and no op mixes its indices.
struct BatchCut {
  std::string symbol;  // its name, empty if it is static
  int64_t size = 1;    // nominal, or static
  // [function][op]: the factor that holds the batch (a multiple of it), or -1.
  std::vector<std::vector<int>> factorOf;
  // [function][tensor]: the dim that the batch is the major part of, or -1.
  std::vector<std::vector<int>> dimOf;
};

// Fails with kUnsupported and the reason in the model's terms.
StatusOr<BatchCut> findBatchCut(const BlockGraph& graph);

}  // namespace mlc::partition
