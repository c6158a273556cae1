#include "partitioner/plan/plan.h"

#include <gtest/gtest.h>

#include <array>

#include "partitioner/plan/layout.h"

namespace mlc::partition {
namespace {

Plan samplePlan() {
  Plan plan;
  plan.pp = 2;
  plan.tp = 3;
  plan.devices = {0, 1, 2, 3, 4, 5};
  plan.deviceNames = {"a", "b", "c", "d", "e", "f"};
  plan.stages = {{0, 2}, {3}};
  plan.rematerializedOps = {1};
  plan.dpShares = {1};
  plan.microbatches = 4;
  plan.shardings = {{0, {{1, {3, 2, 0}}, {}, {OpSharding::kPassPartial, {}}}, 0.125}};
  plan.shardingOf = {{0}, {-1}};
  plan.predictedSeconds = 0.1;
  plan.memoryBytes = {1, 2, 3, 4, 5, 6e9};
  plan.notes = {"a note"};
  plan.alternatives = {{1, 1, 1, 1, 1, 0}, {12, 2, 2, 2, 3, 0.0625}};
  return plan;
}

TEST(Plan, RoundTrips) {
  std::string text = printPlan(samplePlan());
  auto again = parsePlan(text);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(*again, samplePlan());
  EXPECT_EQ(printPlan(*again), text);
}

TEST(Plan, RefusesWhatDoesNotFitTogether) {
  EXPECT_FALSE(parsePlan("[]").ok());
  Plan plan = samplePlan();
  plan.devices.pop_back();
  EXPECT_NE(parsePlan(printPlan(plan)).status().message().find("devices"), std::string::npos);
  plan = samplePlan();
  plan.shardings[0].ops[0].shares.push_back(1);
  EXPECT_NE(parsePlan(printPlan(plan)).status().message().find("shares"), std::string::npos);
  plan = samplePlan();
  plan.shardingOf[0][0] = 7;
  EXPECT_NE(parsePlan(printPlan(plan)).status().message().find("sharding_of"), std::string::npos);
}

TEST(Plan, RefusesNumbersThatMakeNoSense) {
  const std::string text = printPlan(samplePlan());
  const std::vector<std::array<std::string, 3>> damages = {
      {"\"tp\": 3", "\"tp\": 4294967299", "mesh.tp"},
      {"\"tp\": 3", "\"tp\": 0", "mesh"},
      {"\"dp_shares\": [\n  1", "\"dp_shares\": [\n  0", "dp_shares"},
      {"\"dp_shares\": [\n  1", "\"dp_shares\": [\n  -1", "dp_shares"},
      {"\"dp_shares\": [\n  1", "\"dp_shares\": [\n  9223372036854775807", "dp_shares"},
      {"\"microbatches\": 4", "\"microbatches\": 2147483647", "microbatches"},
      {"\"microbatches\": 4", "\"microbatches\": \"4\"", "microbatches"},
      {"\"factor\": -2", "\"factor\": -3", "shardings[0].ops[2].factor"},
      {"\"factor\": 1", "\"factor\": -2", "shardings[0].ops[0].shares"},
      {"\"factor\": 1", "\"extra\": 1, \"factor\": 1", "shardings[0].ops[0].extra"},
      {"\"predicted_seconds\": 0.1", "\"predicted_seconds\": null", "predicted_seconds"},
      {"\"notes\"", "\"nodes\"", "notes is missing"},
      {"\"pp\": 2", "\"pp\": 2, \"ep\": 1", "mesh.ep"},
      {"\"devices\": [\n  0", "\"devices\": [\n  -1", "devices"}};
  for (const auto& [old, value, words] : damages) {
    std::string damaged = text;
    ASSERT_NE(damaged.find(old), std::string::npos) << old << text;
    damaged.replace(damaged.find(old), old.size(), value);
    const Status status = parsePlan(damaged).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << value;
    EXPECT_NE(status.message().find(words), std::string::npos) << value << ": " << status.message();
  }
}

// Sets of layouts have a bit for each of so many dims.
TEST(Layout, SplitsTheFirstDimsOnly) {
  Op op;
  op.factors.assign(kMaxSplitDims + 1, Factor{.size = 2, .text = "2"});
  TensorFactors dims;
  for (int factor = 0; factor <= kMaxSplitDims; ++factor) dims.push_back({factor});
  op.operandFactors = op.resultFactors = {dims};
  EXPECT_TRUE(canSplit(op, kMaxSplitDims - 1));
  EXPECT_FALSE(canSplit(op, kMaxSplitDims));
}

TEST(Shares, LargestRemaindersGetTheRest) {
  using Shares = std::vector<int64_t>;
  EXPECT_EQ(proportionalShares(12, {1, 1, 1, 1, 1}), (Shares{3, 3, 2, 2, 2}));
  EXPECT_EQ(proportionalShares(12, {2, 1}), (Shares{8, 4}));
  EXPECT_EQ(proportionalShares(2, {1, 1, 1}), (Shares{1, 1, 0}));
  EXPECT_EQ(proportionalShares(7, {0.1, 0.2, 0.4}), (Shares{1, 2, 4}));
  EXPECT_EQ(pieceSizes(384, {3, 3, 2, 2, 2}), (Shares{96, 96, 64, 64, 64}));
}

}  // namespace
}  // namespace mlc::partition
