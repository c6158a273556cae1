// Checks of a collective's arguments, and what every transport says about wrong ones.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "collectives/communicator.h"

namespace mlc::collectives {

Status checkCount(int64_t count);
// One count per rank, none negative.
Status checkCounts(std::span<const int64_t> counts, int size);
Status checkRank(int rank, int size);
Status checkColor(int color);
Status checkMessage(int64_t bytes, int peer, int size, int tag);

// For an all-to-all.
Status countMismatch(int sender, int64_t sent, int receiver, int64_t expected);

// countsOf[r]: what rank r sends to each of the ranks, then what it expects from each. The largest
// of them, or an error where they do not match: the same on every rank.
StatusOr<int64_t> largestMatching(std::span<const int64_t* const> countsOf);

// A transfer that failed before it began.
std::unique_ptr<Request> failedRequest(Status status);

// Where a rank's part begins when count elements are shared out evenly; parts begin at multiples of
// 64 elements, so that ranks do not write to the same cache line.
inline int64_t partBegin(int rank, int64_t count, int size) {
  return rank == size ? count : count / 64 * rank / size * 64;
}

}  // namespace mlc::collectives
