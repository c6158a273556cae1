// Measures the devices of this process and the links of a job, in well under a second.
#pragma once

#include <functional>

#include "partitioner/device_model/device_model.h"

namespace mlc::partition {

// This process's CPU device as `threads` threads see it: multiply-adds in registers (with the
// widest vectors that CPUID offers) and a streaming copy past the caches. Starts and joins the
// threads itself. host and name are of this machine. `sharers`: ranks of this machine that measure
// at the same time; together they copy as much as one alone. How much of its memory is whose is not
// measured: memoryBytes is 0.
Device measureCpu(int threads, int sharers);

// One message there and back between this rank and its peer: `bytes` in each direction. Both ranks
// call measureLink at the same time.
using Ping = std::function<Status(int64_t bytes)>;

// Latency from small messages and bandwidth from 4 MiB ones.
StatusOr<Link> measureLink(const Ping& ping);

}  // namespace mlc::partition
