#include "collectives/transport/self/self_communicator.h"

#include "collectives/transport/thread/thread_communicator.h"

namespace mlc::collectives {

// A group of one thread never waits.
std::unique_ptr<Communicator> createSelfCommunicator() {
  return std::move(createThreadGroup(1).front());
}

}  // namespace mlc::collectives
