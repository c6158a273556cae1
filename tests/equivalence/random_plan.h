// Random devices, and what a plan over them must be like: of the seed alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "partitioner/device_model/device_model.h"
#include "partitioner/search/search.h"

namespace mlc::equivalence {

struct RandomSearch {
  partition::DeviceModel devices;
  // Mostly with a forced mesh, of at most 6 ranks; sometimes with forced microbatches.
  partition::SearchOptions options;
  // Of the symbols batch and seq, what the plan is made for; or none.
  std::map<std::string, int64_t, std::less<>> sizes;
};

RandomSearch makeRandomSearch(uint64_t seed);

// "dp=2 pp=1 tp=3 microbatches=2": what is forced.
std::string describe(const RandomSearch& search);

}  // namespace mlc::equivalence
