// The devices of a job: read from a file, or measured once per machine.
#pragma once

#include "collectives/communicator.h"
#include "partitioner/device_model/device_model.h"

namespace mlc::tools {

// Fails with kUsage where one process cannot have so many ranks as threads, with so many threads
// each (0: their share of the cores).
Status checkThreadRanks(int ranks, int threads);

StatusOr<partition::DeviceModel> readDevices(const std::string& path);

// Called by all ranks: one device per rank, as fast as it is while all of them work, and the links
// between them. threads: of each rank's team; 0 for its share of the cores. Measurements are kept
// in the cache folder; ranks with equal threads on equal hosts count as equally fast, so that noise
// does not make shards uneven.
StatusOr<partition::DeviceModel> measureDevices(collectives::Communicator& world, int threads);

}  // namespace mlc::tools
