#include "runtime/api/cores.h"

#include <algorithm>
#include <array>

#include "runtime/base/machine.h"
#include "runtime/team/cpus.h"

namespace mlc::api {
namespace {

constexpr size_t kMaxCpus = 4096;
using CpuMask = std::array<uint8_t, kMaxCpus / 8>;

// Containers have host names of their own on one machine's cores.
struct Place {
  CpuMask cpus = {};
  std::array<char, 40> machine = {};
};

Place placeOf(const std::vector<int>& cpus) {
  Place place;
  for (int cpu : cpus) {
    const auto index = static_cast<size_t>(cpu);
    if (index < kMaxCpus)
      place.cpus[index / 8] = static_cast<uint8_t>(place.cpus[index / 8] | 1u << (index % 8));
  }
  machineId().copy(place.machine.data(), place.machine.size());
  return place;
}

bool overlap(const CpuMask& a, const CpuMask& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] & b[i]) return true;
  }
  return false;
}

}  // namespace

StatusOr<team::TeamOptions> shareCores(collectives::Communicator& world, int threads, bool pin) {
  const std::vector<int> cpus = team::usableCpus();
  const Place mine = placeOf(cpus);
  const auto ranks = static_cast<size_t>(world.size());
  std::vector<Place> places(ranks);
  const std::vector<int64_t> counts(ranks, static_cast<int64_t>(sizeof(Place)));
  MLC_RETURN_IF_ERROR(world.allGather(&mine, places.data(), counts, DType::kU8));

  int sharers = 0, index = 0;
  for (int rank = 0; rank < world.size(); ++rank) {
    const Place& place = places[static_cast<size_t>(rank)];
    const bool shares =
        rank == world.rank() || (place.machine == mine.machine && overlap(place.cpus, mine.cpus));
    if (!shares) continue;
    if (rank < world.rank()) ++index;
    ++sharers;
  }
  const std::vector<int> share = team::shareOfCpus(cpus, index, sharers);
  const int cores = std::max(1, static_cast<int>(share.size()));
  team::TeamOptions options;
  options.threads = threads > 0 ? threads : cores;
  const bool fits = !share.empty() && options.threads <= cores;
  options.spin = fits;
  if (pin && fits) options.cpus = share;
  return options;
}

}  // namespace mlc::api
