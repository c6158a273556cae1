// The search for a plan: meshes of dp, pp and tp over the devices, stages, shardings and shares, by
// the cost model.
#pragma once

#include "partitioner/device_model/device_model.h"
#include "partitioner/graph/block_graph.h"
#include "partitioner/plan/plan.h"

namespace mlc::partition {

struct SearchOptions {
  int dp = 0, pp = 0, tp = 0;  // forced sizes; 0: free
  int maxRanks = 0;            // 0: as many as there are devices
  int microbatches = 0;        // forced; 0: free
  // Rank i is on device i, as when devices are processes that run already. Else any order that is
  // faster.
  bool keepDeviceOrder = false;
};

// The plan of the shortest run found; one rank on the best device (the first one where their order
// is kept) is among the candidates unless a mesh is forced. Deterministic. Errors: kUsage if a
// forced mesh needs more devices than there are; kOutOfMemory if nothing fits, saying what would;
// kInvalid for a graph that does not hold together.
StatusOr<Plan> search(const BlockGraph& graph, const DeviceModel& model,
                      const SearchOptions& options);

}  // namespace mlc::partition
