// The communicator of a job of one rank.
#pragma once

#include <memory>

#include "collectives/communicator.h"

namespace mlc::collectives {

// Messages of the rank to itself work as any others.
std::unique_ptr<Communicator> createSelfCommunicator();

}  // namespace mlc::collectives
