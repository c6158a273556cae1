// Checks of a collective's arguments, and what every transport says about wrong ones.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
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

inline int64_t widthOf(DType dtype) { return static_cast<int64_t>(elementBytes(dtype)); }

// Of what the ranks before this one have.
inline int64_t sumBefore(std::span<const int64_t> counts, int rank) {
  return std::accumulate(counts.begin(), counts.begin() + rank, int64_t{0});
}

// Of bytes that are elsewhere or there already; no bytes may have no address.
inline void copy(void* to, const void* from, int64_t bytes) {
  if (bytes > 0 && to != from) std::memcpy(to, from, static_cast<size_t>(bytes));
}

// Where a rank's part begins when count elements are shared out evenly; parts begin at multiples of
// 64 elements, so that ranks do not write to the same cache line.
inline int64_t partBegin(int rank, int64_t count, int size) {
  return rank == size ? count : count / 64 * rank / size * 64;
}

}  // namespace mlc::collectives
