// Random models over random meshes of unequal devices give what the models' own evaluation gives:
// optimized and partitioned by the reference evaluation of every rank, and for some of them
// compiled, packaged and run.
//
// A failure names its seed; MLC_EQUIVALENCE_SEEDS=17 or =100-399 in the environment runs those
// instead of the usual ones; of a single one the model is printed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/dialect/register.h"
#include "compiler/partition/simulate_ranks.h"
#include "compiler/target/target_of_device.h"
#include "compiler/transforms/optimize.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "partitioner/search/search.h"
#include "tests/equivalence/random_graph.h"
#include "tests/equivalence/random_plan.h"
#include "tests/equivalence/run_package.h"

namespace mlc::equivalence {
namespace {

using Tensors = std::vector<HostTensor>;

// The error that f32 may have, relative to a tensor's largest element.
constexpr double kTolerance = 1e-4;

void expectClose(const Tensors& actual, const Tensors& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE("output " + std::to_string(i));
    ASSERT_EQ(actual[i].shape(), expected[i].shape());
    ASSERT_EQ(actual[i].dtype(), expected[i].dtype());
    double largest = 1e-2;
    for (int64_t j = 0; j < expected[i].numElements(); ++j) {
      const double want = loadNumber(expected[i], j);
      if (std::isfinite(want)) largest = std::max(largest, std::abs(want));
    }
    for (int64_t j = 0; j < expected[i].numElements(); ++j) {
      const double got = loadNumber(actual[i], j), want = loadNumber(expected[i], j);
      // As a mean over an empty batch is.
      if (got == want || (std::isnan(got) && std::isnan(want))) continue;
      ASSERT_NEAR(got, want, kTolerance * largest) << "element " << j;
    }
  }
}

// A random model whose numbers overflow tests nothing.
void expectFinite(const Tensors& tensors) {
  for (const HostTensor& tensor : tensors) {
    for (int64_t i = 0; i < tensor.numElements(); ++i)
      ASSERT_TRUE(std::isfinite(loadNumber(tensor, i)));
  }
}

struct Seeds {
  uint64_t first, last;
};

// What the environment asks for.
std::optional<Seeds> wantedSeeds() {
  const char* wanted = std::getenv("MLC_EQUIVALENCE_SEEDS");
  if (!wanted) return std::nullopt;
  char* end = nullptr;
  const uint64_t first = std::strtoull(wanted, &end, 10);
  return Seeds{first, *end == '-' ? std::strtoull(end + 1, nullptr, 10) : first};
}

// A random model, its outputs, and its programs for random devices.
class Case {
 public:
  explicit Case(uint64_t seed) : context_(registry()), search_(makeRandomSearch(seed)) {
    context_.loadAllAvailableDialects();
    graph_ = makeRandomGraph(context_, seed);
  }

  void print() { graph_.module->print(llvm::errs()); }

  // Up to the ranks' programs.
  void prepare() {
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*graph_.module)));
    graph::EvaluationContext evaluation;
    evaluation.weights = &graph_.weights;
    for (const Tensors& inputs : graph_.inputs) {
      auto made = graph::evaluateFunction(graph_.module->lookupSymbol<mlir::func::FuncOp>("main"),
                                          inputs, evaluation);
      ASSERT_TRUE(mlir::succeeded(made));
      expected_.emplace_back(made->begin(), made->end());
      if (expected_.size() == 1) expectFinite(expected_[0]);
    }
    mlir::PassManager passes(&context_);
    transforms::addOptimizePasses(passes, &graph_.weights);
    ASSERT_TRUE(mlir::succeeded(passes.run(*graph_.module)));
    const partition::ModelGraph model = partition::buildBlockGraph(*graph_.module, search_.sizes);
    StatusOr<partition::Plan> plan =
        partition::search(model.graph, search_.devices, search_.options);
    if (plan.status().code() == StatusCode::kUsage && search_.options.microbatches > 0) {
      search_.options.microbatches = 0;
      plan = partition::search(model.graph, search_.devices, search_.options);
    }
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    // What is applied is what was written down.
    plan = partition::parsePlan(partition::printPlan(*plan));
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    plan_ = *std::move(plan);
    StatusOr<partition::RankPrograms> programs = partition::applyPlan(*graph_.module, model, plan_);
    ASSERT_TRUE(programs.ok()) << programs.status().message();
    programs_ = *std::move(programs);
  }

  // The outputs of each run.
  StatusOr<std::vector<Tensors>> simulate() const {
    std::vector<Tensors> results;
    for (const Tensors& inputs : graph_.inputs) {
      MLC_ASSIGN_OR_RETURN(Tensors outputs,
                           partition::simulateRanks(programs_, plan_, inputs, &graph_.weights));
      results.push_back(std::move(outputs));
    }
    return results;
  }
  StatusOr<std::vector<Tensors>> run(const std::string& path, int threads) const {
    MLC_RETURN_IF_ERROR(
        writeRandomPackage(programs_, plan_, search_.devices, graph_.weights, path));
    StatusOr<std::vector<Tensors>> outputs = runPackage(path, graph_.inputs, threads);
    std::filesystem::remove_all(path);
    return outputs;
  }

  // Adds to the counts of what plans and programs are like.
  void count(std::map<std::string, int>& counts) const {
    const int replicas = static_cast<int>(std::count_if(
        plan_.dpShares.begin(), plan_.dpShares.end(), [](int64_t share) { return share > 0; }));
    const auto stages = std::count_if(plan_.stages.begin(), plan_.stages.end(),
                                      [](const auto& ops) { return !ops.empty(); });
    counts["several replicas"] += replicas > 1;
    counts["several stages"] += stages > 1;
    counts["several microbatches"] += plan_.microbatches > 1;
    counts["devices that are not CPUs"] +=
        std::any_of(plan_.devices.begin(), plan_.devices.end(), [&](int device) {
          return search_.devices.devices[static_cast<size_t>(device)].kind !=
                 partition::Device::Kind::kCpu;
        });
    counts["rematerialized ops"] += !plan_.rematerializedOps.empty();
    for (const partition::FunctionSharding& sharding : plan_.shardings) {
      counts["sharded blocks"] += sharding.function > 0 && plan_.tp > 1;
      for (const partition::OpSharding& op : sharding.ops) {
        if (op.factor == partition::OpSharding::kPassPartial) ++counts["ops on partial sums"];
        if (op.factor < 0) continue;
        const auto [least, most] = std::minmax_element(op.shares.begin(), op.shares.end());
        ++counts[*least == 0      ? "split with empty shares"
                 : *least < *most ? "split unevenly"
                                  : "split evenly"];
      }
    }
    for (const partition::RankProgram& program : programs_.programs) {
      program.module.get()->walk([&](mlir::Operation* op) {
        if (mlir::isa<dist::DistDialect>(op->getDialect()))
          ++counts[op->getName().getStringRef().str()];
      });
    }
  }

  const std::vector<Tensors>& expected() const { return expected_; }
  std::string describeSearch() const { return describe(search_); }

 private:
  static const mlir::DialectRegistry& registry() {
    static const auto* made = [] {
      auto* registry = new mlir::DialectRegistry;
      registerDialects(*registry);
      target::registerLoweringDialects(*registry);
      return registry;
    }();
    return *made;
  }

  mlir::MLIRContext context_;
  RandomSearch search_;
  RandomGraph graph_;
  std::vector<Tensors> expected_;  // of each run
  partition::Plan plan_;
  partition::RankPrograms programs_;
};

class Equivalence : public testing::TestWithParam<uint64_t> {
 protected:
  void compare(bool isCompiled) {
    const uint64_t seed = GetParam();
    Case one(seed);
    SCOPED_TRACE("MLC_EQUIVALENCE_SEEDS=" + std::to_string(seed) + " " + one.describeSearch());
    const std::optional<Seeds> wanted = wantedSeeds();
    if (wanted && wanted->first == wanted->last) one.print();
    one.prepare();
    if (HasFatalFailure()) return;
    const std::string path =
        testing::TempDir() + "equivalence_" + std::to_string(getpid()) + ".mlcpkg";
    const StatusOr<std::vector<Tensors>> outputs =
        isCompiled ? one.run(path, 1 + static_cast<int>(seed % 2)) : one.simulate();
    ASSERT_TRUE(outputs.ok()) << outputs.status().message();
    for (size_t run = 0; run < outputs->size(); ++run) {
      SCOPED_TRACE("run " + std::to_string(run));
      expectClose((*outputs)[run], one.expected()[run]);
      if (HasFatalFailure()) return;
    }
  }
};

class Simulated : public Equivalence {};
class Compiled : public Equivalence {};

TEST_P(Simulated, RanksGiveTheModelsOutputs) { compare(false); }
TEST_P(Compiled, RanksGiveTheModelsOutputs) { compare(true); }

// The random plans are of every kind that there is, each often.
TEST(RandomPlans, AreOfEveryKind) {
  std::map<std::string, int> counts;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    Case one(seed);
    one.prepare();
    one.count(counts);
  }
  for (const char* kind :
       {"devices that are not CPUs", "several replicas", "several stages", "several microbatches",
        "rematerialized ops", "sharded blocks", "ops on partial sums", "split evenly",
        "split unevenly", "split with empty shares", "dist.all_reduce", "dist.all_gather",
        "dist.reduce_scatter"}) {
    EXPECT_GE(counts[kind], 3) << kind;
  }
}

// These, or what the environment asks for.
std::vector<uint64_t> seeds(Seeds seeds) {
  seeds = wantedSeeds().value_or(seeds);
  std::vector<uint64_t> all;
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) all.push_back(seed);
  return all;
}

std::string nameOf(const testing::TestParamInfo<uint64_t>& info) {
  return "seed" + std::to_string(info.param);
}

INSTANTIATE_TEST_SUITE_P(Random, Simulated, testing::ValuesIn(seeds({1, 600})), nameOf);
INSTANTIATE_TEST_SUITE_P(Random, Compiled, testing::ValuesIn(seeds({1001, 1030})), nameOf);

}  // namespace
}  // namespace mlc::equivalence
