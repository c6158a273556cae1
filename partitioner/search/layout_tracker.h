// The layouts in which tensors are available while a sharding's ops are gone through, and what the
// collectives between them cost. Private.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "partitioner/cost/cost.h"
#include "partitioner/graph/block_graph.h"
#include "partitioner/plan/layout.h"

namespace mlc::partition {

// A set of layouts of one tensor. Bit 0: replicated; 1 to 3: partial sum, maximum, minimum; 4 + d:
// split along dim d.
using LayoutSet = uint32_t;
static_assert(4 + kMaxSplitDims <= 32);

inline constexpr LayoutSet kReplicatedBit = 1;
inline constexpr LayoutSet kPartialBits = 0b1110;
inline constexpr LayoutSet kAllLayouts = ~kPartialBits;

inline LayoutSet layoutBit(const Layout& layout) {
  switch (layout.kind) {
    case Layout::Kind::kReplicated:
      return kReplicatedBit;
    case Layout::Kind::kPartial:
      return LayoutSet{1} << (static_cast<int>(layout.reduction));
    case Layout::Kind::kSplit:
      return LayoutSet{1} << (4 + layout.dim);
  }
  return 0;
}

// The collectives that bring a tensor from the layouts that it has to `wanted`;
// compiler/partition inserts the same ones.
//
//   replicated  all_gather of a split one, else all_reduce of a partial one
//   split       slice of the replicated one, else reduce_scatter of a partial one,
//               else all_gather of another split and a slice
struct Conversion {
  double seconds = 0;
  LayoutSet added = 0;
};

inline std::optional<Conversion> convertLayout(LayoutSet available, LayoutSet wanted, double bytes,
                                               const GroupCost& group) {
  if (available & wanted) return Conversion{};
  if (wanted & kPartialBits) return std::nullopt;
  const bool hasSplit = (available & ~(kPartialBits | kReplicatedBit)) != 0;
  if (wanted == kReplicatedBit) {
    return Conversion{hasSplit ? group.allGather(bytes) : group.allReduce(bytes), kReplicatedBit};
  }
  if (available & kReplicatedBit) return Conversion{group.slice(bytes), wanted};
  if (available & kPartialBits) return Conversion{group.reduceScatter(bytes), wanted};
  return Conversion{group.allGather(bytes) + group.slice(bytes), wanted | kReplicatedBit};
}

}  // namespace mlc::partition
