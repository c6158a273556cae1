// What all ranks of a collective must agree about, for transports to compare before bytes move.
#pragma once

#include <cstdint>
#include <span>

#include "collectives/communicator.h"

namespace mlc::collectives {

enum class Collective : uint32_t {
  kBarrier,
  kAllReduce,
  kAllGather,
  kReduceScatter,
  kAllToAll,
  kBroadcast,
  kSplit,
  kNone  // of ranks that are in no call together
};

// Plain bytes: ranks of other processes read it in shared memory or in messages.
struct CallSignature {
  Collective collective = Collective::kBarrier;
  int32_t choice = 0;  // the reduction or the root
  uint64_t sizes = 0;  // the count, or digestOf() the counts
  DType dtype = DType::kU8;

  bool operator==(const CallSignature&) const = default;
};

uint64_t digestOf(std::span<const int64_t> counts);
uint64_t digestOf(const CallSignature& signature);

// What each of the two ranks says when their signatures differ.
Status disagreement(int rank, int other);

}  // namespace mlc::collectives
