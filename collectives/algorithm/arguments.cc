#include "collectives/algorithm/arguments.h"

#include <algorithm>
#include <string>

namespace mlc::collectives {
namespace {

class FailedRequest : public Request {
 public:
  explicit FailedRequest(Status status) : status_(std::move(status)) {}
  Status wait() override { return status_; }
  bool test() override { return true; }

 private:
  Status status_;
};

}  // namespace

Status checkCount(int64_t count) {
  if (count >= 0) return okStatus();
  return invalidError("a collective of " + std::to_string(count) + " elements");
}

Status checkCounts(std::span<const int64_t> counts, int size) {
  if (counts.size() != static_cast<size_t>(size)) {
    return invalidError("a collective of " + std::to_string(size) + " ranks got " +
                        std::to_string(counts.size()) + " counts");
  }
  for (const int64_t count : counts) MLC_RETURN_IF_ERROR(checkCount(count));
  return okStatus();
}

Status checkRank(int rank, int size) {
  if (rank >= 0 && rank < size) return okStatus();
  return invalidError("there is no rank " + std::to_string(rank) + " among " +
                      std::to_string(size));
}

Status checkColor(int color) {
  if (color >= 0) return okStatus();
  return invalidError("a color of a split is " + std::to_string(color));
}

Status checkMessage(int64_t bytes, int peer, int size, int tag) {
  MLC_RETURN_IF_ERROR(checkRank(peer, size));
  if (bytes < 0) return invalidError("a message of " + std::to_string(bytes) + " bytes");
  if (tag < 0 || tag > kMaxTag) {
    return invalidError("a message's tag is " + std::to_string(tag) + ", not from 0 to " +
                        std::to_string(kMaxTag));
  }
  return okStatus();
}

Status countMismatch(int sender, int64_t sent, int receiver, int64_t expected) {
  return invalidError("rank " + std::to_string(sender) + " sends " + std::to_string(sent) +
                      " elements where rank " + std::to_string(receiver) + " expects " +
                      std::to_string(expected));
}

StatusOr<int64_t> largestMatching(std::span<const int64_t* const> countsOf) {
  const size_t size = countsOf.size();
  int64_t largest = 0;
  for (size_t from = 0; from < size; ++from) {
    for (size_t to = 0; to < size; ++to) {
      const int64_t sent = countsOf[from][to], expected = countsOf[to][size + from];
      if (sent != expected) {
        return countMismatch(static_cast<int>(from), sent, static_cast<int>(to), expected);
      }
      largest = std::max(largest, sent);
    }
  }
  return largest;
}

std::unique_ptr<Request> failedRequest(Status status) {
  return std::make_unique<FailedRequest>(std::move(status));
}

}  // namespace mlc::collectives
