// Ranks that are threads of one process: collectives read one another's buffers directly.
#pragma once

#include <memory>
#include <vector>

#include "collectives/communicator.h"

namespace mlc::collectives {

// One communicator per rank, each to be used by one thread.
std::vector<std::unique_ptr<Communicator>> createThreadGroup(int size);

}  // namespace mlc::collectives
