// The stages after partitioning, and a run: what a user's package gives.
#pragma once

#include <string>
#include <vector>

#include "compiler/dialect/graph/weight_table.h"
#include "compiler/partition/apply_plan.h"
#include "runtime/base/host_tensor.h"

namespace mlc::equivalence {

// Compiles the ranks' programs for this CPU, writes them as a package to `path`, which is removed at the end, and runs it twice with a thread per
// rank and `threads` in each rank's team. The outputs of the second run. Consumes the programs' modules. The context needs registerDialects and
// cpu::registerLoweringDialects.
StatusOr<std::vector<HostTensor>> runPackage(partition::RankPrograms& programs, const partition::Plan& plan, const graph::WeightTable& weights,
                                             const std::vector<HostTensor>& inputs, const std::string& path, int threads);

}  // namespace mlc::equivalence
