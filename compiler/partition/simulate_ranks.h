// Runs the programs of all ranks in one process by reference evaluation: what tests compare with
// the model's own evaluation.
#pragma once

#include <vector>

#include "compiler/dialect/graph/weight_table.h"
#include "compiler/partition/apply_plan.h"
#include "runtime/base/host_tensor.h"

namespace mlc::partition {

// The model's outputs for these inputs, as the executor would make them: cut over dp and
// microbatches, stage after stage, the tp ranks of a stage in lock step (a thread each). Every tp
// rank must give the same outputs; fails where they differ, and where an evaluation does.
StatusOr<std::vector<HostTensor>> simulateRanks(const RankPrograms& programs, const Plan& plan,
                                                const std::vector<HostTensor>& inputs,
                                                const graph::WeightTable* weights = nullptr);

}  // namespace mlc::partition
