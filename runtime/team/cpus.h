// Which of the machine's cpus a process may use, and how the ranks of a host share them.
#pragma once

#include <sched.h>

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::team {

// Of a machine: what the kernel can be built for.
inline constexpr int kMostCpus = 8192;

// Calls get(bytes, set) with more and more room for cpus, as long as it says EINVAL: the kernel
// knows more than there is room for. What it puts in the set; none where it fails.
std::vector<int> readCpuSet(const std::function<int(size_t bytes, cpu_set_t* set)>& get);

// One cpu (operating system's number) of each core that this process may run on, in the order of
// the machine's topology, so that neighbours share caches and memory. Empty if that is not known.
std::vector<int> usableCpus();

// The first of those cpus in each core, by the kernel's description of them in `folder`
// (/sys/devices/system/cpu), ordered by package, memory and shared cache. A cpu that is not
// described is a core of its own.
std::vector<int> onePerCore(const std::string& folder, const std::vector<int>& cpus);

// The cpus of each of several ranks that may use those: disjoint. Of equal lists each gets
// neighbours, and as many as the others or one more; of unlike ones a cpu goes to who has the
// fewest, those that few may use first. All are empty where some rank would have none: the ranks
// then are not pinned.
std::vector<std::vector<int>> shareCpus(const std::vector<std::vector<int>>& usable);

// The cpus that the calling thread may run on, and the way back.
std::vector<int> affinityOfThisThread();
void restoreAffinity(const std::vector<int>& cpus);

// Lets the calling thread, and those that it starts, run on every cpu that the machine lets this
// process have, also if mpirun has bound it to one of them.
void widenAffinity();

// Pins the calling thread to a cpu.
Status pinThisThread(int cpu);

}  // namespace mlc::team
