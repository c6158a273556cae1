#include "runtime/executor/executor.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <thread>

#include "collectives/transport/thread/thread_communicator.h"
#include "runtime/package/package_folder.h"

namespace mlc::executor {
namespace {

using package::Manifest;
using package::PackageFolder;
using package::Program;
using package::ProgramInput;
using package::ProgramOutput;
using package::TensorSpec;

constexpr char kPrograms[] = "runtime/executor/";

HostTensor tensorOf(const std::vector<int64_t>& shape, const std::vector<float>& values) {
  HostTensor tensor = HostTensor::uninitialized(DType::kF32, shape);
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return tensor;
}

std::vector<float> valuesOf(const HostTensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.numElements()};
}

std::vector<float> countingUp(int64_t count, float first) {
  std::vector<float> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), first);
  return values;
}

// What each rank got from run(); rank 0 is given the inputs.
using Results = std::vector<StatusOr<std::vector<HostTensor>>>;

// Opens the package on as many threads as it has ranks and runs it once for each of the lists of
// inputs.
std::vector<Results> runOnThreads(const PackageFolder& folder, int threads,
                                  const std::vector<std::vector<HostTensor>>& runs) {
  const size_t ranks = folder.manifest.ranks.size();
  const Results nothing(ranks, StatusOr<std::vector<HostTensor>>(deviceError("not run")));
  std::vector<Results> results(runs.size(), nothing);
  auto package = package::Package::open(folder.path());
  EXPECT_TRUE(package.ok()) << package.status().message();
  if (!package.ok()) return results;
  auto store = std::make_shared<package::WeightStore>(*package, 1);
  auto world = collectives::createThreadGroup(static_cast<int>(ranks));
  std::vector<std::thread> group;
  for (size_t rank = 0; rank < ranks; ++rank) {
    group.emplace_back([&, rank] {
      auto executor = Executor::create(*world[rank], *package, store,
                                       {.threads = threads, .cpus = {}, .spin = false});
      ASSERT_TRUE(executor.ok()) << executor.status().message();
      for (size_t run = 0; run < runs.size(); ++run) {
        results[run][rank] = (*executor)->run(rank == 0 ? runs[run] : std::vector<HostTensor>());
      }
    });
  }
  for (std::thread& thread : group) thread.join();
  return results;
}

void expectOutput(const Results& results, const std::vector<int64_t>& shape,
                  const std::vector<float>& values) {
  for (const auto& result : results) ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_EQ(results[0]->size(), 1u);
  EXPECT_EQ((*results[0])[0].shape(), shape);
  EXPECT_EQ(valuesOf((*results[0])[0]), values);
}

void expectErrorEverywhere(const Results& results, StatusCode code, const std::string& text) {
  for (const auto& result : results) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), code);
    EXPECT_NE(result.status().message().find(text), std::string::npos) << result.status().message();
  }
}

// --- relu(x * w), the inner dim split unevenly over tp ---

constexpr int64_t kInner = 8, kColumns = 3;

PackageFolder matmulPackage(int tp) {
  PackageFolder folder("matmul" + std::to_string(tp));
  folder.addFile(std::string(kPrograms) + "matmul_program.so", "matmul.so");
  folder.addWeight("w", DType::kF32, {kInner, kColumns}, countingUp(kInner * kColumns, -11), 64);
  Manifest& manifest = folder.manifest;
  manifest.tp = tp;
  manifest.inputs = {{"x", DType::kF32, {"batch", "8"}}};
  manifest.outputs = {{"y", DType::kF32, {"batch", "3"}}};
  std::vector<int64_t> shares(static_cast<size_t>(tp), kInner / tp);
  for (int64_t i = 0; i < kInner % tp; ++i) ++shares[static_cast<size_t>(i)];
  for (int rank = 0; rank < tp; ++rank) {
    Program program;
    program.target = "cpu";
    program.object = "matmul.so";
    program.symbols = {"batch", "k"};
    ProgramInput input;
    input.spec = {"x", DType::kF32, {"batch", "k"}};
    input.splits = {{1, "tp", shares}};
    program.inputs = {input};
    ProgramOutput output;
    output.spec = manifest.outputs[0];
    program.outputs = {output};
    program.weights = {{"w", 0, {{0, "tp", shares}}, package::WeightLayout::kPlain, false, 0}};
    manifest.programs.push_back(program);
    manifest.ranks.push_back({rank, "cpu"});
  }
  folder.write();
  return folder;
}

std::vector<float> matmulRelu(const std::vector<float>& x, int64_t batch) {
  const std::vector<float> w = countingUp(kInner * kColumns, -11);
  std::vector<float> y;
  for (int64_t row = 0; row < batch; ++row) {
    for (int64_t column = 0; column < kColumns; ++column) {
      float sum = 0;
      for (int64_t i = 0; i < kInner; ++i) {
        sum += x[static_cast<size_t>(row * kInner + i)] *
               w[static_cast<size_t>(i * kColumns + column)];
      }
      y.push_back(std::max(sum, 0.0f));
    }
  }
  return y;
}

TEST(Executor, TensorParallelMatmulEqualsTheDirectOne) {
  for (int tp : {1, 2, 3}) {
    for (int threads : {1, 3}) {
      const std::vector<float> small = countingUp(2 * kInner, -7),
                               large = countingUp(5 * kInner, -20);
      const auto results = runOnThreads(matmulPackage(tp), threads,
                                        {{tensorOf({2, kInner}, small)},
                                         {tensorOf({5, kInner}, large)},
                                         {tensorOf({2, kInner}, small)}});
      expectOutput(results[0], {2, kColumns}, matmulRelu(small, 2));
      expectOutput(results[1], {5, kColumns}, matmulRelu(large, 5));
      expectOutput(results[2], {2, kColumns}, matmulRelu(small, 2));
    }
  }
}

TEST(Executor, InputsThatDoNotFitAreRefusedEverywhereBeforeTheRun) {
  const PackageFolder folder = matmulPackage(2);
  const auto results = runOnThreads(folder, 1,
                                    {{tensorOf({2, 7}, countingUp(14, 0))},
                                     {},
                                     {HostTensor::zeros(DType::kF64, {2, kInner})},
                                     {tensorOf({kInner}, countingUp(kInner, 0))},
                                     {tensorOf({1, kInner}, countingUp(kInner, 0))}});
  expectErrorEverywhere(results[0], StatusCode::kInvalid,
                        "input 'x': dim 1 (8) should be 8, but is 7");
  expectErrorEverywhere(results[1], StatusCode::kInvalid, "1 inputs, but 0 are given");
  expectErrorEverywhere(results[2], StatusCode::kInvalid, "should be f32, but is f64");
  expectErrorEverywhere(results[3], StatusCode::kInvalid, "should have 2 dims, but has 1");
  // After errors the same executors still run.
  expectOutput(results[4], {1, kColumns}, matmulRelu(countingUp(kInner, 0), 1));
}

// --- dp x pp with microbatches: y = 2 * (x + 1), the first stage's result is a model output too
// ---

PackageFolder pipelinePackage(int dp, const std::vector<int64_t>& dpShares, int microbatches) {
  PackageFolder folder("pipeline" + std::to_string(dp) + std::to_string(microbatches));
  folder.addFile(std::string(kPrograms) + "add_one_program.so", "first.so");
  folder.addFile(std::string(kPrograms) + "double_program.so", "second.so");
  Manifest& manifest = folder.manifest;
  manifest.dp = dp;
  manifest.pp = 2;
  manifest.microbatches = microbatches;
  manifest.inputs = {{"x", DType::kF32, {"batch", "4"}}};
  manifest.outputs = {{"y", DType::kF32, {"batch", "4"}}, {"h", DType::kF32, {"batch", "4"}}};
  const std::vector<package::Split> splits = {{0, "dp", dpShares}};
  Program first, second;
  first.target = second.target = "cpu";
  first.object = "first.so";
  second.object = "second.so";
  first.symbols = second.symbols = {"batch"};
  ProgramInput x, h;
  x.spec = manifest.inputs[0];
  x.splits = splits;
  h.kind = ProgramInput::Kind::kReceive;
  h.spec = {"h", DType::kF32, {"batch", "4"}};
  h.channel = 5;
  first.inputs = {x};
  second.inputs = {h};
  ProgramOutput send, early, y;
  send.kind = ProgramOutput::Kind::kSend;
  send.spec = h.spec;
  send.to_stage = 1;
  send.channel = 5;
  early.spec = manifest.outputs[1];
  early.index = 1;
  early.splits = splits;
  y.spec = manifest.outputs[0];
  y.splits = splits;
  first.outputs = {send, early};
  second.outputs = {y};
  manifest.programs = {first, second};
  for (int i = 0; i < dp; ++i) {
    manifest.ranks.push_back({0, "cpu"});
    manifest.ranks.push_back({1, "cpu"});
  }
  folder.write();
  return folder;
}

TEST(Executor, PipelineWithMicrobatchesAndUnequalReplicas) {
  for (int dp : {1, 2}) {
    for (int microbatches : {1, 3}) {
      const std::vector<int64_t> shares =
          dp == 1 ? std::vector<int64_t>{1} : std::vector<int64_t>{2, 1};
      const PackageFolder folder = pipelinePackage(dp, shares, microbatches);
      // From more than enough rows for every microbatch to fewer rows than ranks, and none.
      for (int64_t batch : {17, 6, 2, 1, 0}) {
        const std::vector<float> x = countingUp(batch * 4, 100);
        const auto results = runOnThreads(folder, 2, {{tensorOf({batch, 4}, x)}});
        for (const auto& result : results[0]) ASSERT_TRUE(result.ok()) << result.status().message();
        ASSERT_EQ(results[0][0]->size(), 2u);
        std::vector<float> y, h;
        for (float value : x) {
          h.push_back(value + 1);
          y.push_back(2 * (value + 1));
        }
        EXPECT_EQ(valuesOf((*results[0][0])[0]), y);
        EXPECT_EQ(valuesOf((*results[0][0])[1]), h);
        EXPECT_EQ((*results[0][0])[0].shape(), (std::vector<int64_t>{batch, 4}));
      }
    }
  }
}

TEST(Executor, AFailureOfOneRankIsKnownToAll) {
  const PackageFolder folder = pipelinePackage(2, {1, 1}, 2);
  std::vector<float> unlucky = countingUp(32, 100);
  unlucky[31] = 12;  // becomes 13 on the way: fails in the last stage of the last replica
  const auto results = runOnThreads(
      folder, 1, {{tensorOf({8, 4}, unlucky)}, {tensorOf({8, 4}, countingUp(32, 100))}});
  expectErrorEverywhere(results[0], StatusCode::kInvalid, "13 brings bad luck");
  expectErrorEverywhere(results[0], StatusCode::kInvalid, "rank 3");
  EXPECT_TRUE(results[1][0].ok());
}

TEST(Executor, ARankWithoutWorkTakesPart) {
  PackageFolder folder = matmulPackage(1);
  folder.manifest.pp = 2;
  folder.manifest.ranks = {{-1, "cpu"}, {0, "cpu"}};
  const std::vector<ProgramOutput> outputs = std::exchange(folder.manifest.programs[0].outputs, {});
  folder.write();
  // Said by all, hung on by none.
  const auto results = runOnThreads(folder, 1, {{tensorOf({1, kInner}, countingUp(kInner, 0))}});
  expectErrorEverywhere(results[0], StatusCode::kInvalid, "no rank makes output 'y'");
  folder.manifest.programs[0].outputs = outputs;
  folder.write();
  const auto good = runOnThreads(folder, 1, {{tensorOf({1, kInner}, countingUp(kInner, 0))}});
  expectOutput(good[0], {1, kColumns}, matmulRelu(countingUp(kInner, 0), 1));
}

// --- reduce-scatter and all-gather along an inner dim ---

TEST(Executor, ScatterAndGatherAlongAnInnerDim) {
  for (int tp : {1, 2, 3}) {
    for (int64_t batch : {1, 4}) {
      PackageFolder folder("gather");
      folder.addFile(std::string(kPrograms) + "gather_program.so", "gather.so");
      const std::vector<int64_t> shares = tp == 1   ? std::vector<int64_t>{5}
                                          : tp == 2 ? std::vector<int64_t>{4, 1}
                                                    : std::vector<int64_t>{2, 0, 3};
      folder.addWeight("shares", DType::kI64, {tp}, shares, 0);
      Manifest& manifest = folder.manifest;
      manifest.tp = tp;
      manifest.inputs = {{"x", DType::kF32, {"batch", "5"}}};
      manifest.outputs = {{"y", DType::kF32, {"batch", "5"}}};
      Program program;
      program.target = "cpu";
      program.object = "gather.so";
      program.symbols = {"batch"};
      ProgramInput input;
      input.spec = manifest.inputs[0];
      program.inputs = {input};
      ProgramOutput output;
      output.spec = manifest.outputs[0];
      program.outputs = {output};
      program.weights = {{"shares", 0, {}, package::WeightLayout::kPlain, false, 0}};
      manifest.programs = {program};
      manifest.ranks.assign(static_cast<size_t>(tp), {0, "cpu"});
      folder.write();
      const std::vector<float> x = countingUp(batch * 5, 1);
      std::vector<float> y;
      for (float value : x) y.push_back(static_cast<float>(tp) * value);
      expectOutput(runOnThreads(folder, 2, {{tensorOf({batch, 5}, x)}})[0], {batch, 5}, y);
    }
  }
}

TEST(Executor, WantsAsManyRanksAsThePackageHas) {
  const PackageFolder folder = matmulPackage(2);
  auto package = package::Package::open(folder.path());
  ASSERT_TRUE(package.ok());
  auto world = collectives::createThreadGroup(1);
  auto executor = Executor::create(*world[0], *package,
                                   std::make_shared<package::WeightStore>(*package, 1), {});
  EXPECT_EQ(executor.status().code(), StatusCode::kUsage);
}

}  // namespace
}  // namespace mlc::executor
