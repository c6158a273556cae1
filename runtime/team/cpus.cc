#include "runtime/team/cpus.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>

#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace mlc::team {
namespace {

std::vector<int> cpusIn(const cpu_set_t& set) {
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// The numbers n of the entries PREFIXn of a folder; none where there is no such folder. By the C
// library: std::filesystem's iterator terminates where there is no memory.
std::vector<int> numbersIn(const std::string& folder, std::string_view prefix) {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  std::vector<int> numbers;
  const std::unique_ptr<DIR, Close> open(::opendir(folder.c_str()));
  while (const dirent* entry = open ? ::readdir(open.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    int number = 0;
    if (name.starts_with(prefix) &&
        std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number).ec ==
            std::errc()) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

// Of all its threads: the calling one may be pinned, to one cpu of a team's.
std::vector<int> affinityOfThisProcess() {
  cpu_set_t all;
  CPU_ZERO(&all);
  for (pid_t thread : numbersIn("/proc/self/task", "")) {
    cpu_set_t mine;
    if (::sched_getaffinity(thread, sizeof mine, &mine) == 0) CPU_OR(&all, &all, &mine);
  }
  return cpusIn(all);
}

// The first cpu of a list as "2-3,10-11"; another number where there is none.
int firstCpuOf(const std::string& list, int otherwise) {
  int first = 0;
  return std::ifstream(list) >> first ? first : otherwise;
}

}  // namespace

std::vector<int> usableCpus() {
  return onePerCore("/sys/devices/system/cpu", affinityOfThisProcess());
}

std::vector<int> onePerCore(const std::string& folder, const std::vector<int>& cpus) {
  // From the outside in: package, memory, shared cache, core, each known by its first cpu or
  // number.
  std::map<std::array<int, 4>, int> cores;
  for (int cpu : cpus) {
    const std::string mine = folder + "/cpu" + std::to_string(cpu) + "/";
    const std::vector<int> nodes = numbersIn(mine, "node");
    cores.emplace(std::array{firstCpuOf(mine + "topology/core_siblings_list", 0),
                             nodes.empty() ? 0 : nodes.front(),
                             firstCpuOf(mine + "cache/index3/shared_cpu_list", 0),
                             firstCpuOf(mine + "topology/thread_siblings_list", cpu)},
                  cpu);
  }
  std::vector<int> firsts;
  for (const auto& [place, cpu] : cores) firsts.push_back(cpu);
  return firsts;
}

std::vector<int> shareOfCpus(const std::vector<int>& cpus, int index, int count) {
  const int total = static_cast<int>(cpus.size());
  if (total < count) return {};
  const int begin = total * index / count;
  const int end = total * (index + 1) / count;
  return {cpus.begin() + begin, cpus.begin() + end};
}

std::vector<int> affinityOfThisThread() {
  cpu_set_t set;
  if (::pthread_getaffinity_np(::pthread_self(), sizeof set, &set) != 0) return {};
  return cpusIn(set);
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
