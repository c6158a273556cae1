#include "tests/equivalence/random_plan.h"

#include <cmath>

#include "tests/equivalence/graph_writer.h"

namespace mlc::equivalence {
namespace {

struct Sizes {
  int dp, pp, tp;
};

// Slow devices that start kernels at once, so that even small models are worth splitting. Now and
// then the other way around.
partition::Device randomDevice(Random& random, int index) {
  partition::Device device;
  device.name = "device" + std::to_string(index);
  const double speed = std::pow(10, random.real(0, 1));
  device.peakFlops[DType::kF32] = 1e7 * speed;
  device.memoryBandwidth = 1e8 * std::pow(10, random.real(0, 1));
  device.launchSeconds = random.oneIn(5) ? 1e-5 : 1e-10;
  return device;
}

partition::Link randomLink(Random& random) {
  return {std::pow(10, random.real(-11, random.oneIn(4) ? -5 : -8)),
          std::pow(10, random.real(8, 12))};
}

}  // namespace

RandomSearch makeRandomSearch(uint64_t seed) {
  Random random(seed * 1000003 + 11);
  const Sizes mesh = random.oneOf<Sizes>(
      {{0, 0, 0}, {1, 1, 2}, {1, 1, 3}, {1, 1, 4}, {1, 1, 5}, {1, 2, 1}, {1, 3, 1},
       {1, 5, 1}, {2, 1, 1}, {3, 1, 1}, {5, 1, 1}, {1, 2, 2}, {1, 2, 3}, {1, 3, 2},
       {2, 1, 2}, {2, 2, 1}, {2, 1, 3}, {3, 2, 1}, {0, 2, 0}, {0, 0, 3}, {2, 0, 0}});
  const int forced = std::max(1, mesh.dp) * std::max(1, mesh.pp) * std::max(1, mesh.tp);
  const int count = static_cast<int>(random.between(forced, std::max(forced, 5)));
  RandomSearch result;
  const bool isMixed = random.oneIn(4);
  for (int i = 0; i < count; ++i) {
    result.devices.devices.push_back(randomDevice(random, i));
    if (isMixed && random.oneIn(2))
      result.devices.devices.back().kind = partition::Device::Kind::kFake;
  }
  result.devices.sameHost = randomLink(random);
  for (int i = 1; i < count; ++i) {
    if (random.oneIn(3)) result.devices.links[{i - 1, i}] = randomLink(random);
  }
  result.options = {.dp = mesh.dp, .pp = mesh.pp, .tp = mesh.tp};
  if (random.oneIn(3)) result.options.microbatches = static_cast<int>(random.between(2, 3));
  if (random.oneIn(2))
    result.sizes = {{"batch", random.between(1, 16)}, {"seq", random.between(1, 64)}};
  result.options.keepDeviceOrder = random.oneIn(2);
  return result;
}

std::string describe(const RandomSearch& search) {
  return "dp=" + std::to_string(search.options.dp) + " pp=" + std::to_string(search.options.pp) +
         " tp=" + std::to_string(search.options.tp) +
         " microbatches=" + std::to_string(search.options.microbatches) + " on " +
         std::to_string(search.devices.devices.size()) + " devices";
}

}  // namespace mlc::equivalence
