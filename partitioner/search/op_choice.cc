#include "partitioner/search/op_choice.h"

#include <algorithm>
#include <numeric>

namespace mlc::partition {
namespace {

// An op with at least this part of the function's operations must be split when `mustSplit`.
constexpr double kHeavy = 0.01;

// Bytes of the op's tensors on a rank that has `fraction` of the factor (-1: of none) and of a
// batch cut to `scale`, next to the whole. Weights are not smaller for a smaller batch.
double bytesFraction(const Function& function, const Op& op, int factor, double fraction,
                     double scale) {
  double whole = 0, part = 0;
  auto add = [&](int id, const TensorFactors& factors) {
    const Tensor& tensor = function.tensors[id];
    const double ofBatch = tensor.isWeight ? 1 : scale;
    whole += tensor.bytes;
    part += tensor.bytes * ofBatch * (factor >= 0 && indexes(factors, factor) ? fraction : 1);
  };
  for (size_t i = 0; i < op.operands.size(); ++i) add(op.operands[i], op.operandFactors[i]);
  for (size_t i = 0; i < op.results.size(); ++i) add(op.results[i], op.resultFactors[i]);
  return whole == 0 ? fraction * scale : part / whole;
}

double secondsOf(const Function& function, const Op& op, const OpSharding& sharding,
                 const GroupCost& group, const ShardOptions& options) {
  if (op.callee >= 0) return options.callSeconds[op.callee];
  const double units = static_cast<double>(
      std::accumulate(sharding.shares.begin(), sharding.shares.end(), int64_t{0}));
  double slowest = 0;
  for (int rank = 0; rank < group.size(); ++rank) {
    const double fraction =
        sharding.factor < 0 ? 1 : static_cast<double>(sharding.shares[rank]) / units;
    const double bytes = bytesFraction(function, op, sharding.factor, fraction, options.scale);
    slowest =
        std::max(slowest, opSeconds(op, *group.devices()[rank], fraction * options.scale, bytes));
  }
  return slowest;
}

}  // namespace

std::vector<int> opChoices(const Function& function, const DimClasses& classes, int index,
                           const ShardOptions& options) {
  const Op& op = function.ops[index];
  if (op.callee >= 0) return {OpSharding::kReplicate};
  std::vector<int> choices;
  for (size_t factor = 0; factor < op.factors.size(); ++factor) {
    if (classes.units(index, static_cast<int>(factor)) > 1)
      choices.push_back(static_cast<int>(factor));
  }
  bool isHeavy = false;
  if (options.mustSplit) {
    double total = 0;
    for (const Op& other : function.ops) total += other.operations;
    isHeavy = op.operations > 0 && op.operations >= kHeavy * total;
  }
  if (!isHeavy || choices.empty()) choices.insert(choices.begin(), OpSharding::kReplicate);
  if (op.isLinear) choices.push_back(OpSharding::kPassPartial);
  return choices;
}

OpChoice makeChoice(const Function& function, int index, OpSharding sharding,
                    const GroupCost& group, const ShardOptions& options) {
  const Op& op = function.ops[index];
  OpChoice choice;
  choice.seconds = secondsOf(function, op, sharding, group, options);
  for (size_t i = 0; i < op.operands.size(); ++i) {
    choice.wanted.push_back(layoutBit(operandLayout(op, sharding, static_cast<int>(i))));
  }
  for (size_t i = 0; i < op.results.size(); ++i) {
    choice.given.push_back(layoutBit(resultLayout(op, sharding, static_cast<int>(i))));
  }
  choice.sharding = std::move(sharding);
  return choice;
}

OpChoice makeChoice(const Function& function, const DimClasses& classes, int op, int factor,
                    const GroupCost& group, const ShardOptions& options) {
  OpSharding sharding{factor, {}};
  if (factor >= 0) sharding.shares = proportionalShares(classes.units(op, factor), group.speeds());
  return makeChoice(function, op, std::move(sharding), group, options);
}

}  // namespace mlc::partition
