// Which of the machine's cpus a process may use, and how the ranks of a host share them.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::team {

// One cpu (operating system's number) of each core that this process may run on, in the order of
// the machine's topology, so that neighbours share caches and memory. Empty if that is not known.
std::vector<int> usableCpus();

// The first of those cpus in each core, by the kernel's description of them in `folder`
// (/sys/devices/system/cpu), ordered by package, memory and shared cache. A cpu that is not
// described is a core of its own.
std::vector<int> onePerCore(const std::string& folder, const std::vector<int>& cpus);

// The cpus of rank `index` of `count` ranks that share `cpus`: neighbouring cpus, shares that
// differ by at most one. Empty if there are fewer cpus than ranks: the ranks then are not pinned.
std::vector<int> shareOfCpus(const std::vector<int>& cpus, int index, int count);

// The cpus that the calling thread may run on, and the way back.
std::vector<int> affinityOfThisThread();
void restoreAffinity(const std::vector<int>& cpus);

// Lets the calling thread, and those that it starts, run on every cpu that the machine lets this
// process have, also if mpirun has bound it to one of them.
void widenAffinity();

// Pins the calling thread to a cpu.
Status pinThisThread(int cpu);

}  // namespace mlc::team
