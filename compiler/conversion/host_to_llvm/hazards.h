// Decides where the threads of a team must meet: before an op that touches a buffer which other
// threads may still be writing, or that overwrites one which they may still be reading.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "compiler/conversion/plan_memory/plan_memory.h"

namespace mlc::conversion {

// A buffer of the frame: kind of place and index. Values that share a slot share its hazards.
using BufferId = std::pair<int, int>;

inline BufferId bufferId(const Place& place) { return {static_cast<int>(place.kind), place.index}; }

class Hazards {
 public:
  // Whether a barrier is needed before an op with these effects. Takes the barrier and the op as
  // done.
  bool needsBarrier(const std::vector<BufferId>& reads, const std::vector<BufferId>& writes) {
    bool conflict = false;
    for (BufferId buffer : reads) conflict |= written_.count(buffer) > 0;
    for (BufferId buffer : writes) {
      conflict |= written_.count(buffer) > 0 || read_.count(buffer) > 0;
    }
    if (conflict) clear();
    read_.insert(reads.begin(), reads.end());
    written_.insert(writes.begin(), writes.end());
    return conflict;
  }

  bool pending() const { return !read_.empty() || !written_.empty(); }

  // After a barrier.
  void clear() {
    read_.clear();
    written_.clear();
  }

 private:
  std::set<BufferId> read_, written_;
};

}  // namespace mlc::conversion
