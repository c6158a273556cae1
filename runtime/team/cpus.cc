#include "runtime/team/cpus.h"

#include <hwloc.h>
#include <pthread.h>
#include <sched.h>

#include <cstring>
#include <memory>
#include <string>

namespace mlc::team {
namespace {

struct DestroyTopology {
  void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<std::remove_pointer_t<hwloc_topology_t>, DestroyTopology>;

struct FreeBitmap {
  void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<std::remove_pointer_t<hwloc_bitmap_t>, FreeBitmap>;

Topology loadTopology() {
  hwloc_topology_t topology;
  if (hwloc_topology_init(&topology) != 0) return nullptr;
  Topology owner(topology);
  if (hwloc_topology_load(topology) != 0) return nullptr;
  return owner;
}

}  // namespace

std::vector<int> usableCpus() {
  const Topology topology = loadTopology();
  const Bitmap allowed(hwloc_bitmap_alloc());
  if (!topology || !allowed) return {};
  if (hwloc_get_cpubind(topology.get(), allowed.get(), HWLOC_CPUBIND_PROCESS) != 0) return {};
  std::vector<int> cpus;
  const int cores = hwloc_get_nbobjs_by_type(topology.get(), HWLOC_OBJ_CORE);
  for (int i = 0; i < cores; ++i) {
    const hwloc_obj_t core =
        hwloc_get_obj_by_type(topology.get(), HWLOC_OBJ_CORE, static_cast<unsigned>(i));
    const Bitmap mine(hwloc_bitmap_alloc());
    hwloc_bitmap_and(mine.get(), core->cpuset, allowed.get());
    const int cpu = hwloc_bitmap_first(mine.get());
    if (cpu >= 0) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<int> shareOfCpus(const std::vector<int>& cpus, int index, int count) {
  const int total = static_cast<int>(cpus.size());
  if (total < count) return {};
  const int begin = total * index / count;
  const int end = total * (index + 1) / count;
  return {cpus.begin() + begin, cpus.begin() + end};
}

std::vector<int> affinityOfThisThread() {
  std::vector<int> cpus;
  cpu_set_t set;
  if (::pthread_getaffinity_np(::pthread_self(), sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

void restoreAffinity(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : cpus) CPU_SET(cpu, &set);
  // A thread that stays pinned is slower, not wrong.
  (void)::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

void widenAffinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // The kernel leaves out what is not there or not allowed.
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &set);
  (void)::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

Status pinThisThread(int cpu) {
  // By the system call itself: hwloc would read the whole topology again for each thread.
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  if (const int error = ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set)) {
    return deviceError("cannot pin a thread to cpu " + std::to_string(cpu) + ": " +
                       std::strerror(error));
  }
  return okStatus();
}

}  // namespace mlc::team
