// A loop whose iterations several threads share.
#pragma once

#include <cstdint>
#include <functional>

namespace mlc {

// Calls body(0) ... body(count - 1), in any order, and returns when all have returned. Runs on the
// calling thread and on others that it starts, `threads` in all but no more than there are
// iterations, or CPUs for this thread; a thread that cannot be started is done without.
//
// What body throws first is thrown here, after all threads have ended; iterations not yet begun
// are then left out.
void parallelFor(int threads, int64_t count, const std::function<void(int64_t i)>& body);

}  // namespace mlc
