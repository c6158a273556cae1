#include "partitioner/search/shard_function.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "partitioner/plan/layout.h"
#include "partitioner/search/graph_builder_for_test.h"
#include "partitioner/search/op_choice.h"

namespace mlc::partition {
namespace {

// A random graph of matrices [8, 8]: products, sums with weights or with each other, row-wise whole
// ops, reshapes.
Function randomFunction(std::mt19937& random, int ops) {
  FunctionBuilder b("random");
  std::vector<int> tensors = {b.input({8, 8}), b.input({8, 8})};
  auto any = [&] { return tensors[random() % tensors.size()]; };
  for (int i = 0; i < ops; ++i) {
    int x = any(), result = 0;
    switch (random() % 6) {
      case 0:
        result = b.einsum({x, b.weight({8, 8})}, "ab,bc->ac");
        break;
      case 1:
        result = b.einsum({x, any()}, "ab,bc->ac");
        break;
      case 2:
        result = b.einsum({x, any()}, "ab,ab->ab", "graph.add", true);
        break;
      case 3:
        result = b.einsum({x}, "aB->aB", "graph.softmax");
        break;
      case 4:
        result = b.einsum({x}, "ab->ba", "graph.transpose", true);
        break;
      case 5:
        result = b.einsum({x, b.weight({8})}, "ab,b->ab", "graph.mul");
        break;
    }
    tensors.push_back(result);
  }
  return b.finish({tensors.back(), tensors[tensors.size() - 2]});
}

// The cost of one assignment of choices, written down plainly: maps instead of slots, layouts
// instead of bits.
double plainSeconds(const Function& function, const GroupCost& group,
                    const std::vector<OpSharding>& ops) {
  std::vector<std::vector<Layout>> available(function.tensors.size());
  for (int input : function.inputs) available[input] = {Layout::replicated()};
  double seconds = 0;
  auto has = [&](int tensor, Layout::Kind kind) -> const Layout* {
    for (const Layout& layout : available[tensor]) {
      if (layout.kind == kind) return &layout;
    }
    return nullptr;
  };
  auto require = [&](int tensor, const Layout& wanted) {
    for (const Layout& layout : available[tensor]) {
      if (layout.kind == wanted.kind && layout.dim == wanted.dim) return true;
    }
    if (wanted.kind == Layout::Kind::kPartial) return false;
    const double bytes = function.tensors[tensor].bytes;
    if (wanted.kind == Layout::Kind::kReplicated) {
      seconds +=
          has(tensor, Layout::Kind::kSplit) ? group.allGather(bytes) : group.allReduce(bytes);
    } else if (has(tensor, Layout::Kind::kReplicated)) {
      seconds += group.slice(bytes);
    } else if (has(tensor, Layout::Kind::kPartial)) {
      seconds += group.reduceScatter(bytes);
    } else {
      seconds += group.allGather(bytes) + group.slice(bytes);
      available[tensor].push_back(Layout::replicated());
    }
    available[tensor].push_back(wanted);
    return true;
  };
  for (size_t i = 0; i < function.ops.size(); ++i) {
    const Op& op = function.ops[i];
    for (size_t operand = 0; operand < op.operands.size(); ++operand) {
      if (function.tensors[op.operands[operand]].isWeight) {
        if (ops[i].factor == OpSharding::kPassPartial) return INFINITY;
        continue;
      }
      if (!require(op.operands[operand], operandLayout(op, ops[i], static_cast<int>(operand))))
        return INFINITY;
    }
    const double fraction = ops[i].shares.empty() ? 1 : static_cast<double>(ops[i].shares[0]) / 8;
    double bytes = 0;
    for (size_t operand = 0; operand < op.operands.size(); ++operand) {
      const bool isCut = ops[i].factor >= 0 && indexes(op.operandFactors[operand], ops[i].factor);
      bytes += function.tensors[op.operands[operand]].bytes * (isCut ? fraction : 1);
    }
    bytes += function.tensors[op.results[0]].bytes *
             (ops[i].factor >= 0 && indexes(op.resultFactors[0], ops[i].factor) ? fraction : 1);
    seconds += opSeconds(op, *group.devices()[0], fraction, bytes / op.bytes);
    available[op.results[0]] = {resultLayout(op, ops[i], 0)};
  }
  for (int output : function.outputs) require(output, Layout::replicated());
  return seconds;
}

double bruteForce(const Function& function, const DimClasses& classes, const GroupCost& group,
                  std::vector<OpSharding>& ops, size_t at) {
  if (at == function.ops.size()) return plainSeconds(function, group, ops);
  double best = INFINITY;
  for (int choice : opChoices(function, classes, static_cast<int>(at), {})) {
    ops[at] = {choice, {}};
    if (choice >= 0)
      ops[at].shares =
          proportionalShares(classes.units(static_cast<int>(at), choice), group.speeds());
    best = std::min(best, bruteForce(function, classes, group, ops, at + 1));
  }
  return best;
}

TEST(ShardFunction, FindsTheOptimumOfSmallGraphs) {
  std::mt19937 random(1);
  int split = 0;
  for (int i = 0; i < 60; ++i) {
    Function function = randomFunction(random, 5);
    // Between compute that dominates and communication that does.
    DeviceModel model = equalDevices(2, std::pow(10, 6 + i % 4), 1e9);
    GroupCost group(model, {0, 1});
    DimClasses classes(function);
    FunctionSharding found = shardFunction(function, classes, wholeFunction(function), group, {});
    std::vector<OpSharding> ops(function.ops.size());
    EXPECT_NEAR(found.seconds, bruteForce(function, classes, group, ops, 0), found.seconds * 1e-9)
        << i;
    EXPECT_NEAR(found.seconds, plainSeconds(function, group, found.ops), found.seconds * 1e-9) << i;
    for (const OpSharding& op : found.ops) split += op.factor >= 0;
  }
  EXPECT_GT(split, 50);
}

// Ops of the block by their index in transformerBlock.
constexpr int kQuery = 0, kOut = 10, kUp = 13, kDown = 16;

TEST(ShardFunction, FindsMegatronForATransformerBlock) {
  Function block = transformerBlock(12, 128);
  // Fast devices: what counts is what is sent.
  DeviceModel model = equalDevices(5, 1e14, 1e14);
  ShardOptions options;
  options.mustSplit = true;
  GroupCost group(model, {0, 1, 2, 3, 4});
  DimClasses classes(block);
  FunctionSharding found = shardFunction(block, classes, wholeFunction(block), group, options);
  // Columns, then rows: the result of the attention's and the MLP's last product is partial.
  EXPECT_EQ(resultLayout(block.ops[kQuery], found.ops[kQuery], 0).dim, 2);
  EXPECT_EQ(found.ops[kQuery].shares, (std::vector<int64_t>{3, 3, 2, 2, 2}));
  EXPECT_EQ(resultLayout(block.ops[kOut], found.ops[kOut], 0).kind, Layout::Kind::kPartial);
  EXPECT_EQ(resultLayout(block.ops[kUp], found.ops[kUp], 0).dim, 2);
  EXPECT_EQ(resultLayout(block.ops[kDown], found.ops[kDown], 0).kind, Layout::Kind::kPartial);
  // Nothing else moves: two all_reduces over the time of the ops.
  double opSeconds = 0;
  for (size_t op = 0; op < block.ops.size(); ++op)
    opSeconds += makeChoice(block, static_cast<int>(op), found.ops[op], group, options).seconds;
  EXPECT_NEAR(found.seconds - opSeconds, 2 * group.allReduce(128 * 384 * 4), 1e-12);
}

TEST(ShardFunction, UnequalDevicesGetUnequalShares) {
  Function block = transformerBlock(12, 128);
  DeviceModel model = equalDevices(2);
  model.devices[0].peakFlops[DType::kF32] *= 2;
  model.devices[0].memoryBandwidth *= 2;
  DimClasses classes(block);
  FunctionSharding found =
      shardFunction(block, classes, wholeFunction(block), GroupCost(model, {0, 1}), {});
  EXPECT_EQ(found.ops[kQuery].shares, (std::vector<int64_t>{8, 4}));
}

TEST(ShardFunction, SlowLinksKeepEverythingReplicatedUnlessForced) {
  Function block = transformerBlock(12, 16);
  DeviceModel model = equalDevices(2);
  model.sameHost = {1, 1e6};
  DimClasses classes(block);
  GroupCost group(model, {0, 1});
  FunctionSharding found = shardFunction(block, classes, wholeFunction(block), group, {});
  for (const OpSharding& op : found.ops) EXPECT_EQ(op.factor, OpSharding::kReplicate);
  ShardOptions forced;
  forced.mustSplit = true;
  found = shardFunction(block, classes, wholeFunction(block), group, forced);
  EXPECT_EQ(resultLayout(block.ops[kOut], found.ops[kOut], 0).kind, Layout::Kind::kPartial);
  EXPECT_GE(found.ops[kUp].factor, 0);
}

}  // namespace
}  // namespace mlc::partition
