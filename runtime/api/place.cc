#include "runtime/api/place.h"

#include <algorithm>

namespace mlc::api {
namespace {

bool areOnOneMachine(const Place& a, const Place& b) { return a.machine == b.machine; }

// How many of the ranks are in the group.
int ranksIn(const std::vector<Place>& places, const Place& mine, const team::GroupLimit& group) {
  return static_cast<int>(std::ranges::count_if(places, [&](const Place& place) {
    const auto* end = place.limits.data() + place.limitCount;
    return areOnOneMachine(place, mine) &&
           std::any_of(place.limits.data(), end,
                       [&](const auto& limit) { return limit.isOfSameGroup(group); });
  }));
}

// The ranks whose cpus are also this one's, or those of one of them, in order.
std::vector<size_t> rivalsOf(const std::vector<Place>& places, size_t rank) {
  std::bitset<team::kMostCpus> reached = places[rank].cpus;
  std::vector<bool> isRival(places.size());
  isRival[rank] = true;
  for (bool grows = true; grows;) {
    grows = false;
    for (size_t other = 0; other < places.size(); ++other) {
      if (isRival[other] || !areOnOneMachine(places[other], places[rank]) ||
          (places[other].cpus & reached).none()) {
        continue;
      }
      isRival[other] = grows = true;
      reached |= places[other].cpus;
    }
  }
  std::vector<size_t> rivals;
  for (size_t other = 0; other < places.size(); ++other) {
    if (isRival[other]) rivals.push_back(other);
  }
  return rivals;
}

std::vector<int> cpusIn(const Place& place) {
  std::vector<int> cpus;
  for (size_t cpu = 0; cpu < place.cpus.size(); ++cpu) {
    if (place.cpus[cpu]) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

}  // namespace

Place makePlace(const std::string& machine, const std::vector<int>& cpus,
                const std::vector<team::GroupLimit>& limits, int64_t memoryBytes) {
  Place place;
  machine.copy(place.machine.data(), place.machine.size());
  for (int cpu : cpus) {
    if (cpu < team::kMostCpus) place.cpus.set(static_cast<size_t>(cpu));
  }
  place.limitCount = std::min(limits.size(), Place::kMostLimits);
  std::copy_n(limits.begin(), place.limitCount, place.limits.begin());
  place.memoryBytes = memoryBytes;
  return place;
}

team::TeamOptions coresOf(const std::vector<Place>& places, size_t rank,
                          const std::vector<int>& cpus, int threads, bool pin) {
  const Place& mine = places[rank];
  std::vector<std::vector<int>> usable;
  size_t index = 0;
  for (const size_t rival : rivalsOf(places, rank)) {
    if (rival == rank) index = usable.size();
    usable.push_back(places[rival].cpus == mine.cpus ? cpus : cpusIn(places[rival]));
  }
  const std::vector<int> share = team::shareCpus(usable)[index];
  // Of CPU time too.
  auto cores = static_cast<double>(share.size());
  for (size_t i = 0; i < mine.limitCount; ++i) {
    const team::GroupLimit& limit = mine.limits[i];
    if (limit.cpus > 0) cores = std::min(cores, limit.cpus / ranksIn(places, mine, limit));
  }
  team::TeamOptions options;
  options.threads = threads > 0 ? threads : std::max(1, static_cast<int>(cores));
  const bool fits = options.threads <= cores;
  options.spin = fits;
  if (pin && fits) options.cpus = share;
  return options;
}

int64_t memoryOf(const std::vector<Place>& places, size_t rank) {
  const Place& mine = places[rank];
  int64_t bytes = mine.memoryBytes / std::ranges::count_if(places, [&](const Place& place) {
                    return areOnOneMachine(place, mine);
                  });
  for (size_t i = 0; i < mine.limitCount; ++i) {
    const team::GroupLimit& limit = mine.limits[i];
    if (limit.memoryBytes > 0)
      bytes = std::min(bytes, limit.memoryBytes / ranksIn(places, mine, limit));
  }
  return bytes;
}

}  // namespace mlc::api
