// Cuts a chain of ops into contiguous stages on unequal devices.
#pragma once

#include <functional>
#include <vector>

namespace mlc::partition {

// The cuts (stage s is [cuts[s], cuts[s + 1])) with the smallest largest stage, among those with
// the smallest sum found. Exact, by dynamic programming. `seconds(stage, begin, end)` is the time
// of ops begin to end as that stage (infinite: does not fit); an empty stage is 0. Empty if nothing
// fits.
std::vector<int> cutChain(int ops, int stages,
                          const std::function<double(int stage, int begin, int end)>& seconds);

}  // namespace mlc::partition
