// What fewer or more devices would give.
#pragma once

#include <vector>

#include "partitioner/device_model/device_model.h"
#include "partitioner/graph/block_graph.h"
#include "partitioner/plan/plan.h"

namespace mlc::partition {

// The fastest plans, of any mesh, for the first of the devices, for the first half of them, and for
// twice as many: as many again of the same kinds on as many further hosts, whose links are those
// between hosts. The devices' order is kept; those from maxRanks on (0: none) are left out. Nothing
// where planning could take long: for more than 8 devices, or graphs of more than 192 ops.
std::vector<Alternative> findAlternatives(const BlockGraph& graph, const DeviceModel& model,
                                          int maxRanks);

}  // namespace mlc::partition
