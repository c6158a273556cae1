// Finds what repeats in a sequence of labels.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "llvm/ADT/ArrayRef.h"

namespace mlc::transforms {

// `count` equal blocks of `period` labels, one after the other, from `start` on; `slack` more
// labels continue the pattern, so that the blocks could as well begin at start + 1 ... start +
// slack.
struct RepeatedRun {
  size_t start = 0, period = 0, count = 0, slack = 0;
};

// Whether blocks of labels[start, start + period), `count` times, are worth it.
using IsWorthIt = std::function<bool(size_t start, size_t period, size_t count)>;

// The run that covers most labels, of these the one with the shortest period, of these the first.
// Takes quadratic time.
std::optional<RepeatedRun> longestRepeatedRun(llvm::ArrayRef<int> labels,
                                              const IsWorthIt& isWorthIt);

}  // namespace mlc::transforms
