// Makes an error on one rank known to all.
#pragma once

#include <vector>

#include "collectives/communicator.h"
#include "runtime/base/status.h"

namespace mlc::executor {

// Called by all ranks, each with its own status. OK if all are; else the error of the lowest rank
// that has one, on every rank, so that all end alike. Where there are several ranks the message
// names the rank and its host.
Status agree(collectives::Communicator& world, const Status& mine);

}  // namespace mlc::executor
