// How the ranks of a machine share its cores and its memory, also those of containers on it.
#pragma once

#include "collectives/communicator.h"
#include "runtime/base/status.h"
#include "runtime/team/team.h"

namespace mlc::api {

// Called by all ranks. Ranks of one machine whose processes may run on the same cpus divide them;
// ranks that mpirun has bound to cpus of their own keep them. threads: 0 for as many as the rank
// has cores, and CPU time by the limits of its control groups, which the ranks in them share. Where
// there is less of either than threads, threads are not pinned and do not spin.
StatusOr<team::TeamOptions> shareCores(collectives::Communicator& world, int threads, bool pin);

// Called by all ranks: the bytes of memory that the rank may have. The machine's, and those that
// its control groups are limited to, are shared by the ranks there.
StatusOr<int64_t> shareMemory(collectives::Communicator& world);

}  // namespace mlc::api
