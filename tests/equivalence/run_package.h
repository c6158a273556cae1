// The stages after partitioning, and a run: what a user's package gives.
#pragma once

#include <string>
#include <vector>

#include "compiler/dialect/graph/weight_table.h"
#include "compiler/partition/apply_plan.h"
#include "partitioner/device_model/device_model.h"
#include "runtime/base/host_tensor.h"

namespace mlc::equivalence {

// Compiles each rank's program for this CPU or, where its device is of the kind kFake, for the fake
// GPU, and writes them as a package to `path`. The context needs registerDialects and
// target::registerLoweringDialects.
Status writeRandomPackage(const partition::RankPrograms& programs, const partition::Plan& plan,
                          const partition::DeviceModel& devices, const graph::WeightTable& weights,
                          const std::string& path);

// Runs the package with a thread per rank and `threads` in each rank's team, once for each set of
// inputs.
StatusOr<std::vector<std::vector<HostTensor>>> runPackage(
    const std::string& path, const std::vector<std::vector<HostTensor>>& inputs, int threads);

}  // namespace mlc::equivalence
