#include "partitioner/search/alternatives.h"

#include <gtest/gtest.h>

#include "partitioner/search/graph_builder_for_test.h"
#include "partitioner/search/search.h"

namespace mlc::partition {
namespace {

// Products of [batch, 256], of which there are `count`.
BlockGraph products(int count, int64_t batch = 64) {
  FunctionBuilder b("main");
  int x = b.input({batch, 256});
  b.name(x, 0, "batch");
  for (int i = 0; i < count; ++i) x = b.einsum({x, b.weight({256, 256})}, "bd,de->be");
  BlockGraph graph;
  graph.functions = {b.finish({x})};
  return graph;
}

// Planned by hand: hosts[i] is device i's.
Alternative planned(const BlockGraph& graph, DeviceModel model,
                    const std::vector<std::string>& hosts) {
  model.devices.resize(hosts.size(), model.devices.back());
  for (size_t i = 0; i < hosts.size(); ++i) model.devices[i].host = hosts[i];
  SearchOptions options;
  options.keepDeviceOrder = true;
  const StatusOr<Plan> plan = search(graph, model, options);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return {static_cast<int>(hosts.size()), 1, plan->dp, plan->pp, plan->tp, plan->predictedSeconds};
}

TEST(Alternatives, AreThePlansForThoseDevices) {
  DeviceModel model = equalDevices(4);
  const std::vector<Alternative> found = findAlternatives(products(6), model, 0);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], planned(products(6), model, {"a"}));
  EXPECT_EQ(found[1], planned(products(6), model, {"a", "a"}));
  Alternative more = planned(products(6), model, {"a", "a", "a", "a", "b", "b", "b", "b"});
  more.hosts = 2;
  EXPECT_EQ(found[2], more);
  // Each has a mesh of its own.
  EXPECT_GT(found[0].predictedSeconds, found[1].predictedSeconds);
  EXPECT_GT(found[1].predictedSeconds, found[2].predictedSeconds);
}

TEST(Alternatives, UnlikeDevicesAndLinks) {
  DeviceModel model = equalDevices(3);
  model.devices[0].peakFlops[DType::kF32] /= 4;
  model.devices[2].host = "localhost'";
  model.links[{0, 1}] = {1e-3, 1e7};
  model.links[{0, 2}] = {2e-3, 1e7};
  const std::vector<Alternative> found = findAlternatives(products(6), model, 0);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].devices, 1);
  EXPECT_EQ(found[0].predictedSeconds, planned(products(6), model, {"a"}).predictedSeconds);
  EXPECT_EQ(found[1].devices, 6);
  EXPECT_EQ(found[1].hosts, 4);
  DeviceModel both = model;
  both.devices.insert(both.devices.end(), model.devices.begin(), model.devices.end());
  both.links[{3, 4}] = model.links[{0, 1}];
  both.links[{3, 5}] = model.links[{0, 2}];
  EXPECT_EQ(found[1].predictedSeconds,
            planned(products(6), both, {"a", "a", "b", "c", "c", "d"}).predictedSeconds);
}

TEST(Alternatives, OneDeviceHasNoFewer) {
  const std::vector<Alternative> found = findAlternatives(products(2), equalDevices(1), 0);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].devices, 2);
}

TEST(Alternatives, WhatDoesNotFitIsSaid) {
  DeviceModel model = equalDevices(2);
  for (Device& device : model.devices) device.memoryBytes = 4.0 * 256 * 256 * 4;
  const std::vector<Alternative> found = findAlternatives(products(6, 1), model, 0);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].predictedSeconds, 0);
  EXPECT_GT(found[1].predictedSeconds, 0);
}

TEST(Alternatives, OfTheDevicesThatMayBeUsed) {
  const std::vector<Alternative> found = findAlternatives(products(2), equalDevices(9), 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].devices, 1);
  EXPECT_EQ(found[1].devices, 4);
}

TEST(Alternatives, NoneWherePlanningTakesLong) {
  EXPECT_TRUE(findAlternatives(products(2), equalDevices(9), 0).empty());
  EXPECT_EQ(findAlternatives(products(2), equalDevices(8), 0).size(), 3u);
  EXPECT_TRUE(findAlternatives(products(193), equalDevices(1), 0).empty());
}

}  // namespace
}  // namespace mlc::partition
