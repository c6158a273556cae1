// Texts between the ranks of a job.
#pragma once

#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "runtime/base/status.h"

namespace mlc::tools {

// Called by all ranks: each rank's text, in rank order, on every rank.
StatusOr<std::vector<std::string>> gatherTexts(collectives::Communicator& world,
                                               const std::string& mine);

// Called by all ranks: rank 0's text or error becomes everybody's. The others' argument is not
// looked at.
StatusOr<std::string> shareFromRoot(collectives::Communicator& world,
                                    const StatusOr<std::string>& mine);

}  // namespace mlc::tools
