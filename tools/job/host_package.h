// A job's package on every host: hosts that do not see rank 0's files are sent what their ranks
// need of it, once.
#pragma once

#include <optional>
#include <string>

#include "collectives/communicator.h"
#include "tools/job/package_store.h"

namespace mlc::tools {

struct HostPackage {
  std::string path;
  bool wasSent = false;             // a part of rank 0's package, whose signature was checked
  bool areWeightsChecked = false;   // those of this host's ranks, by one of them
  std::optional<HeldPackage> held;  // it, on one of the ranks that it was sent to
};

// Called by all ranks with rank 0's path, or why it has none: that becomes everybody's error; the
// others' is not looked at.
//
// A host that finds there what rank 0 has, by content, reads it there. On others the lowest rank
// gets the part of its host's ranks from its own cache, or into it from rank 0; the cache is then
// cut down to so many bytes. What is sent is signed by a key of the trustFile of each of these
// ranks that names one. Containers that see other files are as other hosts. Errors name the rank.
StatusOr<HostPackage> packageOnThisHost(collectives::Communicator& world,
                                        const StatusOr<std::string>& path,
                                        const std::string& trustFile, int64_t cacheLimit);

}  // namespace mlc::tools
