#include "compiler/transforms/repeated_run.h"

namespace mlc::transforms {

std::optional<RepeatedRun> longestRepeatedRun(llvm::ArrayRef<int> labels,
                                              const IsWorthIt& isWorthIt) {
  std::optional<RepeatedRun> best;
  size_t bestCovered = 0;
  for (size_t period = 1; period * 2 <= labels.size(); ++period) {
    // Stretches where each label equals the one a period later.
    size_t start = 0;
    for (size_t i = 0; i + period <= labels.size(); ++i) {
      if (i + period < labels.size() && labels[i] == labels[i + period]) continue;
      size_t length = i - start + period, count = length / period;
      size_t covered = count * period;
      if (count >= 2 && covered > bestCovered && isWorthIt(start, period, count)) {
        best = RepeatedRun{start, period, count, length - covered};
        bestCovered = covered;
      }
      start = i + 1;
    }
  }
  return best;
}

}  // namespace mlc::transforms
