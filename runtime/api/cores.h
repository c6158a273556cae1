// How the ranks of a machine share its cores, also those of containers on it.
#pragma once

#include "collectives/communicator.h"
#include "runtime/base/status.h"
#include "runtime/team/team.h"

namespace mlc::api {

// Called by all ranks. Ranks of one machine whose processes may run on the same cpus divide them;
// ranks that mpirun has bound to cpus of their own keep them. threads: 0 for as many as the rank
// has cores. Where there are fewer cores than threads, threads are not pinned and do not spin.
StatusOr<team::TeamOptions> shareCores(collectives::Communicator& world, int threads, bool pin);

}  // namespace mlc::api
