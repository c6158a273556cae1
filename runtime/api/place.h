// Where a rank runs, as it tells the others, and what follows from that for each. Private to the
// folder.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/team/control_groups.h"
#include "runtime/team/cpus.h"
#include "runtime/team/team.h"

namespace mlc::api {

// Plain bytes.
struct Place {
  static constexpr size_t kMostLimits = 8;

  std::array<char, 40> machine = {};  // containers have host names of their own on one machine
  std::bitset<team::kMostCpus> cpus;  // that it may use, one of each core
  std::array<team::GroupLimit, kMostLimits> limits = {};
  size_t limitCount = 0;    // of them
  int64_t memoryBytes = 0;  // of the machine
};

// Of a rank that may use those cpus. Limits beyond kMostLimits, the outermost ones, are left out.
Place makePlace(const std::string& machine, const std::vector<int>& cpus,
                const std::vector<team::GroupLimit>& limits, int64_t memoryBytes);

// As shareCores and shareMemory, from the places of all ranks. `cpus` are those of the rank in the
// order of the machine's topology.
team::TeamOptions coresOf(const std::vector<Place>& places, size_t rank,
                          const std::vector<int>& cpus, int threads, bool pin);
int64_t memoryOf(const std::vector<Place>& places, size_t rank);

}  // namespace mlc::api
