#include "runtime/team/cpus.h"

#include <dirent.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mlc::team {
namespace {

// A set of cpus with room for more than a cpu_set_t has.
class CpuSet {
 public:
  explicit CpuSet(int cpus) : sets_(static_cast<size_t>((cpus + CPU_SETSIZE - 1) / CPU_SETSIZE)) {
    for (cpu_set_t& set : sets_) CPU_ZERO(&set);
  }

  void add(int cpu) { CPU_SET_S(static_cast<size_t>(cpu), bytes(), sets_.data()); }
  cpu_set_t* data() { return sets_.data(); }
  size_t bytes() const { return sets_.size() * sizeof(cpu_set_t); }

  std::vector<int> cpus() const {
    std::vector<int> cpus;
    for (size_t cpu = 0; cpu < bytes() * 8; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes(), sets_.data())) cpus.push_back(static_cast<int>(cpu));
    }
    return cpus;
  }

 private:
  std::vector<cpu_set_t> sets_;
};

CpuSet setOf(const std::vector<int>& cpus) {
  CpuSet set(cpus.empty() ? 1 : *std::ranges::max_element(cpus) + 1);
  for (int cpu : cpus) set.add(cpu);
  return set;
}

int setAffinityOfThisThread(CpuSet set) {
  return ::pthread_setaffinity_np(::pthread_self(), set.bytes(), set.data());
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
  std::set<int> all;
  for (pid_t thread : numbersIn("/proc/self/task", "")) {
    const std::vector<int> mine = readCpuSet([&](size_t bytes, cpu_set_t* set) {
      return ::sched_getaffinity(thread, bytes, set) == 0 ? 0 : errno;
    });
    all.insert(mine.begin(), mine.end());
  }
  return {all.begin(), all.end()};
}

// The first cpu of a list as "2-3,10-11"; another number where there is none.
int firstCpuOf(const std::string& list, int otherwise) {
  int first = 0;
  return std::ifstream(list) >> first ? first : otherwise;
}

}  // namespace

std::vector<int> readCpuSet(const std::function<int(size_t bytes, cpu_set_t* set)>& get) {
  for (int most = CPU_SETSIZE; most <= kMostCpus; most *= 2) {
    CpuSet set(most);
    const int error = get(set.bytes(), set.data());
    if (error == 0) return set.cpus();
    if (error != EINVAL) break;
  }
  return {};
}

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

std::vector<std::vector<int>> shareCpus(const std::vector<std::vector<int>>& usable) {
  const size_t ranks = usable.size();
  std::vector<std::vector<int>> shares(ranks);
  if (std::ranges::all_of(usable, [&](const auto& cpus) { return cpus == usable[0]; })) {
    const size_t total = usable.empty() ? 0 : usable[0].size();
    for (size_t rank = 0; rank < ranks && total >= ranks; ++rank) {
      shares[rank].assign(usable[0].begin() + static_cast<ptrdiff_t>(total * rank / ranks),
                          usable[0].begin() + static_cast<ptrdiff_t>(total * (rank + 1) / ranks));
    }
    return shares;
  }
  std::map<int, std::vector<size_t>> takers;  // by cpu
  for (size_t rank = 0; rank < ranks; ++rank) {
    for (int cpu : usable[rank]) takers[cpu].push_back(rank);
  }
  std::vector<std::pair<int, std::vector<size_t>>> cpus(takers.begin(), takers.end());
  std::ranges::sort(cpus, {},
                    [](const auto& cpu) { return std::pair(cpu.second.size(), cpu.first); });
  std::vector<std::set<int>> taken(ranks);
  for (const auto& [cpu, candidates] : cpus) {
    const size_t rank =
        *std::ranges::min_element(candidates, {}, [&](size_t rank) { return taken[rank].size(); });
    taken[rank].insert(cpu);
  }
  if (std::ranges::any_of(taken, [](const auto& mine) { return mine.empty(); })) return shares;
  // In the order that each has.
  for (size_t rank = 0; rank < ranks; ++rank) {
    std::ranges::copy_if(usable[rank], std::back_inserter(shares[rank]),
                         [&](int cpu) { return taken[rank].contains(cpu); });
  }
  return shares;
}

std::vector<int> affinityOfThisThread() {
  return readCpuSet([](size_t bytes, cpu_set_t* set) {
    return ::pthread_getaffinity_np(::pthread_self(), bytes, set);
  });
}

void restoreAffinity(const std::vector<int>& cpus) {
  // A thread that stays pinned is slower, not wrong.
  if (!cpus.empty()) (void)setAffinityOfThisThread(setOf(cpus));
}

void widenAffinity() {
  CpuSet all(kMostCpus);
  // The kernel leaves out what is not there or not allowed.
  for (int cpu = 0; cpu < kMostCpus; ++cpu) all.add(cpu);
  (void)setAffinityOfThisThread(std::move(all));
}

Status pinThisThread(int cpu) {
  const int error =
      cpu >= 0 && cpu < kMostCpus ? setAffinityOfThisThread(setOf({cpu})) : int{EINVAL};
  if (error == 0) return okStatus();
  return deviceError("cannot pin a thread to cpu " + std::to_string(cpu) + ": " +
                     std::strerror(error));
}

}  // namespace mlc::team
