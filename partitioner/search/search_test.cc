#include "partitioner/search/search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "partitioner/plan/batch_cut.h"
#include "partitioner/search/cut_chain.h"
#include "partitioner/search/graph_builder_for_test.h"

namespace mlc::partition {
namespace {

// `layers` calls of one transformer block.
BlockGraph transformer(int layers, int64_t heads, int64_t seq) {
  BlockGraph graph;
  Function block = transformerBlock(heads, seq);
  FunctionBuilder b("main");
  int x = b.input({1, seq, heads * 32});
  for (int i = 0; i < layers; ++i) {
    std::vector<int> operands = {x};
    for (size_t j = 1; j < block.inputs.size(); ++j)
      operands.push_back(b.weight(block.tensors[block.inputs[j]].dims));
    x = b.call(1, operands, {1, seq, heads * 32});
  }
  graph.functions = {b.finish({x}), block};
  return graph;
}

// Two products of [batch, 256].
BlockGraph mlp(const std::string& batch, int64_t size) {
  FunctionBuilder b("main");
  int x = b.input({size, 256});
  b.name(x, 0, batch);
  int y = b.einsum({x, b.weight({256, 1024})}, "bd,de->be");
  int z = b.einsum({y, b.weight({1024, 256})}, "be,ed->bd");
  BlockGraph graph;
  graph.functions = {b.finish({z})};
  return graph;
}

Plan planned(const BlockGraph& graph, const DeviceModel& model, const SearchOptions& options) {
  auto plan = search(graph, model, options);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return plan.ok() ? *plan : Plan();
}

TEST(CutChain, FindsTheBestCuts) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 100; ++trial) {
    const int ops = 1 + static_cast<int>(random() % 8);
    double time[8], speed[3];
    for (double& t : time) t = 1 + static_cast<double>(random() % 9);
    for (double& s : speed) s = 1 + static_cast<double>(random() % 3);
    auto seconds = [&](int stage, int begin, int end) {
      double total = 0;
      for (int i = begin; i < end; ++i) total += time[i] / speed[stage];
      return total;
    };
    double best = INFINITY;
    for (int a = 0; a <= ops; ++a) {
      for (int b = a; b <= ops; ++b)
        best = std::min(best, std::max({seconds(0, 0, a), seconds(1, a, b), seconds(2, b, ops)}));
    }
    std::vector<int> cuts = cutChain(ops, 3, seconds);
    ASSERT_EQ(cuts.size(), 4u);
    EXPECT_DOUBLE_EQ(std::max({seconds(0, cuts[0], cuts[1]), seconds(1, cuts[1], cuts[2]),
                               seconds(2, cuts[2], cuts[3])}),
                     best);
  }
}

TEST(Search, PipelineStagesFollowTheSpeeds) {
  DeviceModel model = equalDevices(2);
  model.devices[1].peakFlops[DType::kF32] *= 3;
  model.devices[1].memoryBandwidth *= 3;
  SearchOptions options;
  options.pp = 2;
  options.keepDeviceOrder = true;
  Plan plan = planned(transformer(8, 4, 64), model, options);
  ASSERT_EQ(plan.stages.size(), 2u);
  EXPECT_EQ(plan.stages[0].size(), 2u);
  EXPECT_EQ(plan.stages[1].size(), 6u);
}

TEST(Search, OutputsOfOtherHostsAreSentWhileMicrobatchesAreComputed) {
  DeviceModel model = equalDevices(2);
  model.devices[1].host = "other";
  SearchOptions options;
  options.dp = 2;
  const Plan near = planned(mlp("batch", 4096), equalDevices(2), options);
  EXPECT_EQ(near.microbatches, 1);
  // The second replica's half of [4096, 256] takes 20 ms.
  model.otherHost = {1e-5, 1e8};
  const Plan far = planned(mlp("batch", 4096), model, options);
  EXPECT_GT(far.microbatches, 1);
  EXPECT_GT(far.predictedSeconds, 0.02);
  EXPECT_LT(far.predictedSeconds, near.predictedSeconds + 0.02);
}

TEST(Search, RankZeroIsOnTheFirstDeviceWhereTheirOrderIsKept) {
  DeviceModel model = equalDevices(2);
  model.devices[1].peakFlops[DType::kF32] *= 30;
  SearchOptions options;
  options.maxRanks = 1;
  EXPECT_EQ(planned(transformer(2, 2, 16), model, options).devices, std::vector<int>{1});
  options.keepDeviceOrder = true;
  EXPECT_EQ(planned(transformer(2, 2, 16), model, options).devices, std::vector<int>{0});
  options.tp = 1;
  EXPECT_EQ(planned(transformer(2, 2, 16), model, options).devices, std::vector<int>{0});
}

TEST(Search, SplitsWhenThatIsFasterAndNotOtherwise) {
  Plan large = planned(transformer(4, 16, 512), equalDevices(4), {});
  EXPECT_EQ(large.tp, 4);
  EXPECT_LT(large.predictedSeconds, large.oneDeviceSeconds / 3);
  DeviceModel slow = equalDevices(4);
  slow.sameHost = {1e-2, 1e6};
  Plan small = planned(transformer(2, 2, 16), slow, {});
  EXPECT_EQ(small.ranks(), 1);
  EXPECT_EQ(small.predictedSeconds, small.oneDeviceSeconds);
  ASSERT_FALSE(small.notes.empty());
  EXPECT_NE(small.notes[0].find("1 of 4 devices is faster"), std::string::npos) << small.notes[0];
}

TEST(Search, NeverWorseThanOneDevice) {
  std::mt19937 random(5);
  for (int i = 0; i < 20; ++i) {
    DeviceModel model = equalDevices(1 + random() % 5);
    for (Device& device : model.devices)
      device.peakFlops[DType::kF32] *= 1 + static_cast<double>(random() % 4);
    model.sameHost = {std::pow(10, -7 + static_cast<int>(random() % 5)), 1e9};
    Plan plan = planned(transformer(1 + random() % 3, 1 + random() % 6, 32), model, {});
    EXPECT_LE(plan.predictedSeconds, plan.oneDeviceSeconds);
  }
}

TEST(Search, ForcedMeshIsObeyedOrRefused) {
  SearchOptions options;
  options.dp = 1, options.pp = 2, options.tp = 2;
  Plan plan = planned(transformer(4, 3, 16), equalDevices(4), options);
  EXPECT_EQ(plan.ranks(), 4);
  EXPECT_EQ(plan.stages[0].size(), 2u);
  options.tp = 3;
  EXPECT_EQ(search(transformer(4, 3, 16), equalDevices(4), options).status().code(),
            StatusCode::kUsage);
}

TEST(Search, DataParallelSharesFollowTheSpeeds) {
  DeviceModel model = equalDevices(2);
  model.devices[0].peakFlops[DType::kF32] *= 3;
  SearchOptions options;
  options.dp = 2;
  options.keepDeviceOrder = true;
  Plan fixed = planned(mlp("8", 8), model, options);
  EXPECT_EQ(fixed.dpShares, (std::vector<int64_t>{6, 2}));
  Plan symbolic = planned(mlp("batch", 8), model, options);
  EXPECT_EQ(symbolic.dpShares, (std::vector<int64_t>{48, 16}));
}

TEST(Search, ABatchThatCannotBeCutLeavesReplicasIdle) {
  SearchOptions options;
  options.dp = 2;
  Plan plan = planned(transformer(2, 2, 16), equalDevices(2), options);
  EXPECT_EQ(plan.dpShares, (std::vector<int64_t>{1, 0}));
  ASSERT_FALSE(plan.notes.empty());
  EXPECT_NE(plan.notes.back().find("idle"), std::string::npos);
}

TEST(Search, MemoryLimitsForceASplitOrFail) {
  DeviceModel model = equalDevices(2);
  const double weights = 2.0 * 256 * 1024 * 4;
  for (Device& device : model.devices) device.memoryBytes = weights * 0.7;
  Plan plan = planned(mlp("1", 1), model, {});
  EXPECT_EQ(plan.ranks(), 2);
  for (double bytes : plan.memoryBytes) EXPECT_LE(bytes, weights * 0.7);
  for (Device& device : model.devices) device.memoryBytes = weights * 0.3;
  auto failed = search(mlp("1", 1), model, {});
  EXPECT_EQ(failed.status().code(), StatusCode::kOutOfMemory);
}

TEST(BatchCut, NamesWhatMixesTheBatch) {
  EXPECT_EQ(findBatchCut(mlp("batch", 8))->symbol, "batch");
  EXPECT_EQ(findBatchCut(mlp("8", 8))->factorOf[0], (std::vector<int>{0, 0}));
  FunctionBuilder b("main");
  int x = b.input({4, 8});
  BlockGraph graph;
  graph.functions = {b.finish({b.einsum({x}, "Bd->Bd", "graph.softmax")})};
  auto cut = findBatchCut(graph);
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.status().message().find("graph.softmax"), std::string::npos);
}

TEST(Search, PlansAThousandDevices) {
  SearchOptions options;
  options.pp = 8, options.tp = 8;
  options.dp = 16;
  Plan plan = planned(transformer(16, 16, 64), equalDevices(1024), options);
  EXPECT_EQ(plan.ranks(), 1024);
}

}  // namespace
}  // namespace mlc::partition
