#include "partitioner/plan/layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlc::partition {
namespace {

// The dim that the factor is the major one of; -1: none; -2: the tensor cannot be cut along it: it
// is not contiguous, or other factors of the dim are symbolic, and pieces have static sizes, or the
// dim is not among the first kMaxSplitDims.
int splitDim(const Op& op, const TensorFactors& tensor, int factor) {
  int found = -1;
  for (size_t dim = 0; dim < tensor.size(); ++dim) {
    if (std::find(tensor[dim].begin(), tensor[dim].end(), factor) == tensor[dim].end()) continue;
    if (found >= 0 || dim >= kMaxSplitDims || majorFactor(op, tensor[dim]) != factor) return -2;
    if (!std::all_of(tensor[dim].begin(), tensor[dim].end(),
                     [&](int part) { return op.factors[part].isStatic; }))
      return -2;
    found = static_cast<int>(dim);
  }
  return found;
}

Layout layoutAlong(const Op& op, const OpSharding& sharding, const TensorFactors& tensor) {
  int dim = splitDim(op, tensor, sharding.factor);
  return dim < 0 ? Layout::replicated() : Layout::split(dim, sharding.shares);
}

}  // namespace

bool canSplit(const Op& op, int factor) {
  const Factor& split = op.factors[factor];
  if (!split.isStatic || split.size < 2 || split.kind == FactorKind::kWhole) return false;
  const bool isParallel = split.kind == FactorKind::kParallel;
  for (const TensorFactors& operand : op.operandFactors) {
    if (splitDim(op, operand, factor) == -2) return false;
  }
  for (const TensorFactors& result : op.resultFactors) {
    int dim = splitDim(op, result, factor);
    if (isParallel ? dim < 0 : dim != -1) return false;
  }
  return true;
}

Layout operandLayout(const Op& op, const OpSharding& sharding, int operand) {
  if (sharding.factor == OpSharding::kPassPartial) return Layout::partial(FactorKind::kReduceSum);
  if (sharding.factor < 0) return Layout::replicated();
  return layoutAlong(op, sharding, op.operandFactors[operand]);
}

Layout resultLayout(const Op& op, const OpSharding& sharding, int result) {
  if (sharding.factor == OpSharding::kPassPartial) return Layout::partial(FactorKind::kReduceSum);
  if (sharding.factor < 0) return Layout::replicated();
  const FactorKind kind = op.factors[sharding.factor].kind;
  if (kind != FactorKind::kParallel) return Layout::partial(kind);
  return layoutAlong(op, sharding, op.resultFactors[result]);
}

std::vector<int64_t> pieceSizes(int64_t size, const std::vector<int64_t>& shares) {
  const int64_t units = std::accumulate(shares.begin(), shares.end(), int64_t{0});
  std::vector<int64_t> sizes;
  for (int64_t share : shares) sizes.push_back(size / units * share);
  return sizes;
}

std::vector<int64_t> proportionalShares(int64_t units, const std::vector<double>& speeds) {
  const double total = std::accumulate(speeds.begin(), speeds.end(), 0.0);
  std::vector<int64_t> shares(speeds.size());
  std::vector<int64_t> remainders(speeds.size());  // in millionths
  int64_t left = units;
  for (size_t i = 0; i < speeds.size(); ++i) {
    const double ideal = static_cast<double>(units) * speeds[i] / total;
    // Just below a whole number is that number: speeds are not exact.
    shares[i] = std::min<int64_t>(left, static_cast<int64_t>(ideal + 1e-9));
    remainders[i] = std::llround((ideal - static_cast<double>(shares[i])) * 1e6);
    left -= shares[i];
  }
  std::vector<size_t> order(speeds.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(-remainders[a], a) < std::pair(-remainders[b], b);
  });
  for (size_t i = 0; left > 0; i = (i + 1) % order.size(), --left) ++shares[order[i]];
  return shares;
}

}  // namespace mlc::partition
