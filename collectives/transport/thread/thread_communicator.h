// Ranks that are threads of one process: collectives read one another's buffers directly.
#pragma once

#include <memory>
#include <vector>

#include "collectives/communicator.h"

namespace mlc::collectives {

// One communicator per rank, each for one thread (see communicator.h). A communicator that is
// destroyed has left the group: collectives and messages that wait for it fail with kDeviceFailed.
std::vector<std::unique_ptr<Communicator>> createThreadGroup(int size);

}  // namespace mlc::collectives
