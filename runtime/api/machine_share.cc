#include "runtime/api/machine_share.h"

#include <unistd.h>

#include "runtime/api/place.h"
#include "runtime/base/machine.h"

namespace mlc::api {
namespace {

int64_t memoryOfMachine() {
  return int64_t{::sysconf(_SC_PHYS_PAGES)} * int64_t{::sysconf(_SC_PAGESIZE)};
}

StatusOr<std::vector<Place>> gatherPlaces(collectives::Communicator& world,
                                          const std::vector<int>& cpus) {
  const Place mine = makePlace(machineId(), cpus, team::groupLimits(), memoryOfMachine());
  const auto ranks = static_cast<size_t>(world.size());
  std::vector<Place> places(ranks);
  const std::vector<int64_t> counts(ranks, static_cast<int64_t>(sizeof(Place)));
  MLC_RETURN_IF_ERROR(world.allGather(&mine, places.data(), counts, DType::kU8));
  return places;
}

}  // namespace

StatusOr<team::TeamOptions> shareCores(collectives::Communicator& world, int threads, bool pin) {
  const std::vector<int> cpus = team::usableCpus();
  MLC_ASSIGN_OR_RETURN(const std::vector<Place> places, gatherPlaces(world, cpus));
  return coresOf(places, static_cast<size_t>(world.rank()), cpus, threads, pin);
}

StatusOr<int64_t> shareMemory(collectives::Communicator& world) {
  MLC_ASSIGN_OR_RETURN(const std::vector<Place> places, gatherPlaces(world, {}));
  return memoryOf(places, static_cast<size_t>(world.rank()));
}

}  // namespace mlc::api
