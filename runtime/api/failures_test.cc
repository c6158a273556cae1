// Whatever fails, on whichever rank: a run ends with an error, a session can be closed, and the
// process lives on. Memory runs out at each of the allocations that the ranks make, one at a time.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "runtime/api/mlc.hpp"
#include "runtime/package/package_folder.h"

namespace {

// Allocations that are left to the threads concerned until one fails; none fails below 0.
std::atomic<int64_t> allocationsLeft = -1;
std::atomic<bool> onFirstRank = false;
// Whether the ranks have begun: before, rank 0 reads the manifest by nlohmann's JSON, whose
// destructor allocates memory and terminates where there is none.
std::atomic<bool> hasRanks = false;
const std::thread::id mainThread = std::this_thread::get_id();

bool isToFail() {
  const bool isFirstRank = std::this_thread::get_id() == mainThread;
  if (!isFirstRank) hasRanks = true;
  if (allocationsLeft < 0 || isFirstRank != onFirstRank || !hasRanks) return false;
  return allocationsLeft-- == 0;
}

}  // namespace

void* operator new(size_t bytes) {
  void* memory = isToFail() ? nullptr : std::malloc(bytes);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace mlc::client {
namespace {

using package::PackageFolder;

// y = relu(x * w), the inner dim of 4 split over tp.
PackageFolder matmulPackage(int tp) {
  PackageFolder folder("failures_matmul" + std::to_string(tp));
  folder.addFile("runtime/executor/matmul_program.so", "matmul.so");
  folder.addWeight("w", DType::kF32, {4, 3}, std::vector<float>(12, 1.0f), 0);
  folder.manifest.tp = tp;
  folder.manifest.inputs = {{"x", DType::kF32, {"batch", "4"}}};
  folder.manifest.outputs = {{"y", DType::kF32, {"batch", "3"}}};
  for (int rank = 0; rank < tp; ++rank) {
    package::Program program;
    program.target = "cpu";
    program.object = "matmul.so";
    program.symbols = {"batch", "k"};
    package::ProgramInput input;
    input.spec = {"x", DType::kF32, {"batch", "k"}};
    input.splits = {{1, "tp", std::vector<int64_t>(static_cast<size_t>(tp), 1)}};
    program.inputs = {input};
    package::ProgramOutput output;
    output.spec = folder.manifest.outputs[0];
    program.outputs = {output};
    program.weights = {
        {"w", 0, {{0, "tp", input.splits[0].shares}}, package::WeightLayout::kPlain, false, 0}};
    folder.manifest.programs.push_back(program);
    folder.manifest.ranks.push_back({rank, "cpu"});
  }
  folder.write();
  return folder;
}

// Whether an allocation has failed.
bool countdownIsOver() { return allocationsLeft < 0; }

class Failures : public testing::TestWithParam<bool> {};

TEST_P(Failures, InARun) {
  const PackageFolder folder = matmulPackage(2);
  const std::vector<float> x(8, 1.0f);
  int failures = 0;
  for (int64_t n = 0; n < 2000; ++n) {
    Model model(folder.path(), {.threads = 2, .no_pin = 1});
    onFirstRank = GetParam();
    std::string first;
    allocationsLeft = n;
    try {
      (void)model.run({{MLC_F32, {2, 4}, x.data()}});
    } catch (const std::exception& error) {
      first = error.what();
    }
    const bool over = !countdownIsOver();
    allocationsLeft = -1;
    failures += !first.empty();
    // It is usable, or says what ended it. Where rank 1 failed behind its part of the first run,
    // the second may be the one that it ends.
    try {
      const auto result = model.run({{MLC_F32, {2, 4}, x.data()}});
      EXPECT_EQ(static_cast<const float*>(result[0].data)[0], 4.0f);
    } catch (const Error& error) {
      const bool hadEnded = std::string(error.what()).find("the session has ended") == 0;
      EXPECT_TRUE(hadEnded || first.empty()) << error.what() << " after " << first;
    }
    if (over) break;
  }
  EXPECT_GT(failures, 10);
}

TEST_P(Failures, InOpening) {
  const PackageFolder folder = matmulPackage(2);
  int failures = 0;
  for (int64_t n = 0; n < 5000; ++n) {
    onFirstRank = GetParam();
    hasRanks = false;
    allocationsLeft = n;
    try {
      Model model(folder.path(), {.threads = 2, .no_pin = 1});
      if (!countdownIsOver()) {
        allocationsLeft = -1;
        break;
      }
    } catch (const std::exception& error) {
      ++failures;
    }
    allocationsLeft = -1;
  }
  EXPECT_GT(failures, 10);
}

INSTANTIATE_TEST_SUITE_P(Rank, Failures, testing::Values(false, true),
                         [](const auto& info) { return info.param ? "Zero" : "One"; });

}  // namespace
}  // namespace mlc::client
