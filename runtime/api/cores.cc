#include "runtime/api/cores.h"

#include <algorithm>
#include <array>

#include "runtime/team/cpus.h"

namespace mlc::api {
namespace {

constexpr size_t kMaxCpus = 4096;
using CpuMask = std::array<uint8_t, kMaxCpus / 8>;

bool overlap(const CpuMask& a, const CpuMask& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] & b[i]) return true;
  }
  return false;
}

}  // namespace

StatusOr<team::TeamOptions> shareCores(collectives::Communicator& world, int threads, bool pin) {
  const std::vector<int> cpus = team::usableCpus();
  CpuMask mine = {};
  for (int cpu : cpus) {
    const auto index = static_cast<size_t>(cpu);
    if (index < kMaxCpus)
      mine[index / 8] = static_cast<uint8_t>(mine[index / 8] | 1u << (index % 8));
  }
  const auto ranks = static_cast<size_t>(world.size());
  std::vector<CpuMask> masks(ranks);
  const std::vector<int64_t> counts(ranks, static_cast<int64_t>(sizeof(CpuMask)));
  MLC_RETURN_IF_ERROR(world.allGather(mine.data(), masks.data(), counts, DType::kU8));

  int sharers = 0, index = 0;
  for (int rank = 0; rank < world.size(); ++rank) {
    const bool shares = rank == world.rank() || (world.hostOf(rank) == world.hostOf(world.rank()) &&
                                                 overlap(masks[static_cast<size_t>(rank)], mine));
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
