#include "runtime/executor/sequences.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/executor/executor.h"
#include "runtime/package/package_folder.h"

namespace mlc::executor {
namespace {

using package::PackageFolder;

// testdata/running_sum_program.c on each of `ranks` tp ranks.
PackageFolder runningSumPackage(int ranks, const std::string& columns = "columns") {
  PackageFolder folder("running_sum" + std::to_string(ranks) + columns);
  folder.addFile("runtime/executor/running_sum_program.so", "sum.so");
  package::Manifest& manifest = folder.manifest;
  manifest.tp = ranks;
  manifest.inputs = {{"x", DType::kF32, {"seq", "columns"}}};
  manifest.outputs = {{"y", DType::kF32, {"seq", "columns"}}};
  manifest.states = {{{"rows", DType::kF32, {"past", columns}}, "past + seq"}};
  for (int rank = 0; rank < ranks; ++rank) {
    package::Program program;
    program.target = "cpu";
    program.object = "sum.so";
    program.symbols = {"columns", "past", "seq"};
    program.inputs.resize(1);
    program.inputs[0].spec = manifest.inputs[0];
    program.outputs.resize(1);
    program.outputs[0].spec = manifest.outputs[0];
    program.states = {{manifest.states[0].spec, 0}};
    manifest.programs.push_back(program);
    manifest.ranks.push_back({rank, "cpu"});
  }
  folder.write();
  return folder;
}

// Does the same on every rank of the package, each a thread.
void onRanks(const PackageFolder& folder, const std::function<void(Executor&, int rank)>& body) {
  auto package = package::Package::open(folder.path());
  ASSERT_TRUE(package.ok()) << package.status().message();
  auto store = std::make_shared<package::WeightStore>(*package, 1);
  auto world = collectives::createThreadGroup(static_cast<int>(folder.manifest.ranks.size()));
  std::vector<std::thread> ranks;
  for (size_t rank = 0; rank < world.size(); ++rank) {
    ranks.emplace_back([&, rank] {
      auto executor = Executor::create(*world[rank], *package, store,
                                       {.threads = 2, .cpus = {}, .spin = false});
      ASSERT_TRUE(executor.ok()) << executor.status().message();
      body(**executor, static_cast<int>(rank));
    });
  }
  for (std::thread& rank : ranks) rank.join();
}

// One row of two columns.
StatusOr<std::vector<HostTensor>> runRow(Executor& executor, int rank, int64_t sequence,
                                         const std::vector<float>& row) {
  std::vector<HostTensor> inputs;
  if (rank == 0) {
    inputs.push_back(HostTensor::uninitialized(DType::kF32, {1, static_cast<int64_t>(row.size())}));
    std::copy(row.begin(), row.end(), inputs[0].data<float>());
  }
  return executor.run(inputs, sequence);
}

void expectSums(Executor& executor, int rank, int64_t sequence, const std::vector<float>& row,
                const std::vector<float>& sums) {
  const auto result = runRow(executor, rank, sequence, row);
  ASSERT_TRUE(result.ok()) << result.status().message();
  if (rank > 0) return;
  const auto* y = (*result)[0].data<float>();
  EXPECT_EQ(std::vector<float>(y, y + sums.size()), sums);
}

void expectError(const Status& status, StatusCode code, const std::string& text) {
  EXPECT_EQ(status.code(), code) << status.message();
  EXPECT_NE(status.message().find(text), std::string::npos) << status.message();
}

TEST(Sequences, LiveFromRunToRunEachByItself) {
  onRanks(runningSumPackage(2), [](Executor& executor, int rank) {
    const int64_t a = executor.createSequence(), b = executor.createSequence();
    expectSums(executor, rank, a, {1, 10}, {1, 10});
    expectSums(executor, rank, b, {5, 50}, {5, 50});
    expectSums(executor, rank, a, {2, 20}, {3, 30});
    // Without a sequence states are empty, and forgotten.
    for (int i = 0; i < 2; ++i) expectSums(executor, rank, Sequences::kNone, {7, 70}, {7, 70});
    const StatusOr<int64_t> fork = executor.copySequence(a);
    ASSERT_TRUE(fork.ok());
    expectSums(executor, rank, a, {3, 30}, {6, 60});
    expectSums(executor, rank, *fork, {4, 40}, {7, 70});
    expectSums(executor, rank, b, {1, 1}, {6, 51});
    EXPECT_EQ(*executor.sequenceLength(a), 3);
    EXPECT_EQ(*executor.sequenceLength(b), 2);
    ASSERT_TRUE(executor.dropSequence(a).ok());
    expectError(runRow(executor, rank, a, {1, 1}).status(), StatusCode::kInvalid, "dropped");
    expectError(executor.dropSequence(a), StatusCode::kInvalid, "dropped");
    expectError(executor.copySequence(a).status(), StatusCode::kInvalid, "dropped");
    expectSums(executor, rank, *fork, {1, 1}, {8, 71});
  });
}

TEST(Sequences, GrowOverManyRuns) {
  onRanks(runningSumPackage(1), [](Executor& executor, int rank) {
    const int64_t sequence = executor.createSequence();
    // 40 rows of 8 KiB: beyond the first step of growth, and the second.
    for (int run = 1; run <= 40; ++run) {
      expectSums(executor, rank, sequence, std::vector<float>(2048, 1),
                 std::vector<float>(2048, static_cast<float>(run)));
    }
  });
}

TEST(Sequences, AFailedRunLeavesThemAsTheyWere) {
  onRanks(runningSumPackage(2), [](Executor& executor, int rank) {
    const int64_t sequence = executor.createSequence(/*maxLength=*/3);
    expectSums(executor, rank, sequence, {1, 10}, {1, 10});
    expectError(runRow(executor, rank, sequence, {-1, 1}).status(), StatusCode::kInvalid,
                "a row is negative");
    EXPECT_EQ(*executor.sequenceLength(sequence), 1);
    expectSums(executor, rank, sequence, {2, 20}, {3, 30});
    expectError(runRow(executor, rank, sequence, {2, 20, 200}).status(), StatusCode::kInvalid,
                "rows of 2");
    expectSums(executor, rank, sequence, {3, 30}, {6, 60});
    expectError(runRow(executor, rank, sequence, {1, 1}).status(), StatusCode::kInvalid,
                "4 rows, of 3");
    EXPECT_EQ(*executor.sequenceLength(sequence), 3);
  });
}

TEST(Sequences, WithoutMemoryARunFailsAndOthersGoOn) {
  // A row is 4 TiB, of which nothing is touched.
  onRanks(runningSumPackage(2, "columns * 549755813888"), [](Executor& executor, int rank) {
    const int64_t sequence = executor.createSequence();
    expectError(runRow(executor, rank, sequence, {1, 2}).status(), StatusCode::kOutOfMemory,
                "state 'rows'");
    EXPECT_EQ(*executor.sequenceLength(sequence), 0);
    HostTensor none = HostTensor::zeros(DType::kF32, {0, 2});
    const auto empty =
        executor.run(rank == 0 ? std::vector<HostTensor>{none} : std::vector<HostTensor>());
    EXPECT_TRUE(empty.ok()) << empty.status().message();
  });
}

}  // namespace
}  // namespace mlc::executor
