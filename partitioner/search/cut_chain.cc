#include "partitioner/search/cut_chain.h"

#include <algorithm>
#include <cmath>

namespace mlc::partition {

std::vector<int> cutChain(int ops, int stages,
                          const std::function<double(int stage, int begin, int end)>& seconds) {
  struct Best {
    double largest = INFINITY, sum = INFINITY;
    int begin = -1;  // of the last stage
  };
  // best[s][k]: ops 0 to k in stages 0 to s.
  std::vector<std::vector<Best>> best(stages, std::vector<Best>(ops + 1));
  for (int stage = 0; stage < stages; ++stage) {
    for (int end = 0; end <= ops; ++end) {
      for (int begin = stage == 0 ? 0 : end; begin >= 0; --begin) {
        if (stage == 0 && begin != 0) continue;
        const double own = begin == end ? 0 : seconds(stage, begin, end);
        const Best before = stage == 0 ? Best{0, 0, 0} : best[stage - 1][begin];
        const Best candidate{std::max(before.largest, own), before.sum + own, begin};
        Best& kept = best[stage][end];
        if (std::pair(candidate.largest, candidate.sum) < std::pair(kept.largest, kept.sum))
          kept = candidate;
      }
    }
  }
  if (stages == 0 || std::isinf(best[stages - 1][ops].largest)) return {};
  std::vector<int> cuts(stages + 1);
  cuts[stages] = ops;
  for (int stage = stages - 1; stage >= 0; --stage)
    cuts[stage] = best[stage][cuts[stage + 1]].begin;
  return cuts;
}

}  // namespace mlc::partition
