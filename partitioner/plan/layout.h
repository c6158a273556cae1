// Layouts of tensors over the tp ranks of a group, and what an op's sharding asks and gives.
#pragma once

#include <optional>
#include <vector>

#include "partitioner/graph/block_graph.h"
#include "partitioner/plan/plan.h"

namespace mlc::partition {

struct Layout {
  enum class Kind { kReplicated, kSplit, kPartial };

  Kind kind = Kind::kReplicated;
  int dim = -1;  // kSplit
  // kSplit: rank r has dims[dim] / sum(shares) * shares[r] of it, in rank order.
  std::vector<int64_t> shares;
  FactorKind reduction = FactorKind::kReduceSum;  // kPartial: how the ranks' tensors make the whole

  static Layout replicated() { return {}; }
  static Layout split(int dim, std::vector<int64_t> shares) {
    return {Kind::kSplit, dim, std::move(shares)};
  }
  static Layout partial(FactorKind kind) { return {Kind::kPartial, -1, {}, kind}; }

  friend bool operator==(const Layout&, const Layout&) = default;
};

// Tensors are split along these first dims only.
inline constexpr int kMaxSplitDims = 28;

// Whether the op can be split along the factor: static, not whole, more than 1, and in every tensor
// it indexes the major factor of one static dim, of the first kMaxSplitDims; a parallel one indexes
// every result, a reduction none.
bool canSplit(const Op& op, int factor);

// What the op wants of operand i, and gives as result i. The sharding's factor must be one that
// canSplit.
Layout operandLayout(const Op& op, const OpSharding& sharding, int operand);
Layout resultLayout(const Op& op, const OpSharding& sharding, int result);

// Sizes of the ranks' pieces of a dim of `size`, which the sum of the shares divides.
std::vector<int64_t> pieceSizes(int64_t size, const std::vector<int64_t>& shares);

// `units` handed out in proportion to the speeds: largest remainders, ties to the first.
std::vector<int64_t> proportionalShares(int64_t units, const std::vector<double>& speeds);

}  // namespace mlc::partition
