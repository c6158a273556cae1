// Partitioned equals original: every plan's rank programs, simulated, give what the model's own
// evaluation gives.
#include "compiler/partition/apply_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/partition/simulate_ranks.h"
#include "mlir/Parser/Parser.h"
#include "partitioner/search/search.h"

namespace mlc::partition {
namespace {

// Three layers of attention (7 heads of 4) and an MLP of 20, with a mask made from an input; batch
// and seq are symbolic.
constexpr char kTransformer[] = R"(
func.func @main(%ids: tensor<?x?xi64, #graph.dims<"batch", "seq">>, %mask: tensor<?x?xf32, #graph.dims<"batch", "seq">>)
    -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">> {
  %table = graph.weight "table" : tensor<11x28xf32>
  %x = graph.gather %table, %ids {axis = 0} : (tensor<11x28xf32>, tensor<?x?xi64, #graph.dims<"batch", "seq">>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %m4 = graph.reshape %mask : (tensor<?x?xf32, #graph.dims<"batch", "seq">>) -> tensor<?x1x1x?xf32, #graph.dims<"batch", "", "", "seq">>
  %big = graph.constant dense<-5.0> : tensor<f32>
  %scaled = graph.mul %m4, %big : (tensor<?x1x1x?xf32, #graph.dims<"batch", "", "", "seq">>, tensor<f32>) -> tensor<?x1x1x?xf32, #graph.dims<"batch", "", "", "seq">>
  CALLS
  %s = graph.weight "final.scale" : tensor<28xf32>
  %b = graph.weight "final.bias" : tensor<28xf32>
  %out = graph.layer_norm %x3, %s, %b {axis = 2, epsilon = 1.0e-5} : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<28xf32>, tensor<28xf32>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  return %out : tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
}
func.func private @block(%x: tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, %mask: tensor<?x1x1x?xf32, #graph.dims<"batch", "", "", "seq">>,
    %wq: tensor<28x28xf32>, %wk: tensor<28x28xf32>, %wv: tensor<28x28xf32>, %wo: tensor<28x28xf32>, %w1: tensor<28x20xf32>, %b1: tensor<20xf32>, %w2: tensor<20x28xf32>)
    -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">> {
  %q = graph.contract %x, %wq {equation = "bsd,de->bse"} : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<28x28xf32>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %k = graph.contract %x, %wk {equation = "bsd,de->bse"} : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<28x28xf32>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %v = graph.contract %x, %wv {equation = "bsd,de->bse"} : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<28x28xf32>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %qh = graph.reshape %q : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>) -> tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>
  %kh = graph.reshape %k : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>) -> tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>
  %vh = graph.reshape %v : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>) -> tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>
  %scores = graph.contract %qh, %kh {equation = "bshd,bthd->bhst"} : (tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>, tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>) -> tensor<?x7x?x?xf32, #graph.dims<"batch", "", "seq", "seq">>
  %masked = graph.add %scores, %mask : (tensor<?x7x?x?xf32, #graph.dims<"batch", "", "seq", "seq">>, tensor<?x1x1x?xf32, #graph.dims<"batch", "", "", "seq">>) -> tensor<?x7x?x?xf32, #graph.dims<"batch", "", "seq", "seq">>
  %p = graph.softmax %masked {axis = 3} : (tensor<?x7x?x?xf32, #graph.dims<"batch", "", "seq", "seq">>) -> tensor<?x7x?x?xf32, #graph.dims<"batch", "", "seq", "seq">>
  %mix = graph.contract %p, %vh {equation = "bhst,bthd->bshd"} : (tensor<?x7x?x?xf32, #graph.dims<"batch", "", "seq", "seq">>, tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>) -> tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>
  %flat = graph.reshape %mix : (tensor<?x?x7x4xf32, #graph.dims<"batch", "seq", "", "">>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %o = graph.contract %flat, %wo {equation = "bse,ed->bsd"} : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<28x28xf32>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %r = graph.add %x, %o : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %u = graph.contract %r, %w1 {equation = "bsd,df->bsf"} : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<28x20xf32>) -> tensor<?x?x20xf32, #graph.dims<"batch", "seq", "">>
  %ub = graph.add %u, %b1 : (tensor<?x?x20xf32, #graph.dims<"batch", "seq", "">>, tensor<20xf32>) -> tensor<?x?x20xf32, #graph.dims<"batch", "seq", "">>
  %g = graph.relu %ub : (tensor<?x?x20xf32, #graph.dims<"batch", "seq", "">>) -> tensor<?x?x20xf32, #graph.dims<"batch", "seq", "">>
  %d = graph.contract %g, %w2 {equation = "bsf,fd->bsd"} : (tensor<?x?x20xf32, #graph.dims<"batch", "seq", "">>, tensor<20x28xf32>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  %y = graph.add %r, %d : (tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>, tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>) -> tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
  return %y : tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>
})";

std::string transformerText() {
  const std::string hidden = R"(tensor<?x?x28xf32, #graph.dims<"batch", "seq", "">>)";
  const std::string mask = R"(tensor<?x1x1x?xf32, #graph.dims<"batch", "", "", "seq">>)";
  const std::string types[] = {"28x28", "28x28", "28x28", "28x28", "28x20", "20", "20x28"};
  std::string calls;
  for (int layer = 0; layer < 3; ++layer) {
    std::string operands, operandTypes;
    for (int i = 0; i < 7; ++i) {
      const std::string name = "%w" + std::to_string(layer) + "_" + std::to_string(i),
                        type = "tensor<" + types[i] + "xf32>";
      calls += name + " = graph.weight \"layer" + std::to_string(layer) + "." + std::to_string(i) +
               "\" : " + type + "\n";
      operands += ", " + name;
      operandTypes += ", " + type;
    }
    calls += "%x" + std::to_string(layer + 1) + " = call @block(" +
             (layer == 0 ? "%x" : "%x" + std::to_string(layer)) + ", %scaled" + operands + ") : (" +
             hidden + ", " + mask + operandTypes + ") -> " + hidden + "\n";
  }
  std::string text = kTransformer;
  return text.replace(text.find("CALLS"), 5, calls);
}

// Convolutions (one grouped), pooling and a classifier over a static batch of 4.
constexpr char kConvNet[] = R"(
func.func @main(%x: tensor<4x3x8x8xf32>) -> tensor<4x10xf32> {
  %w1 = graph.weight "w1" : tensor<6x3x3x3xf32>
  %b1 = graph.weight "b1" : tensor<6xf32>
  %1 = graph.conv %x, %w1, %b1 {strides = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<4x3x8x8xf32>, tensor<6x3x3x3xf32>, tensor<6xf32>) -> tensor<4x6x8x8xf32>
  %2 = graph.relu %1 : (tensor<4x6x8x8xf32>) -> tensor<4x6x8x8xf32>
  %w2 = graph.weight "w2" : tensor<12x2x3x3xf32>
  %3 = graph.conv %2, %w2 {strides = array<i64: 2, 2>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, dilations = array<i64: 1, 1>, groups = 3} : (tensor<4x6x8x8xf32>, tensor<12x2x3x3xf32>) -> tensor<4x12x4x4xf32>
  %4 = graph.reduce %3 {kind = 2 : i32, axes = array<i64: 2, 3>} : (tensor<4x12x4x4xf32>) -> tensor<4x12xf32>
  %c = graph.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1.0, 2.0, 3.0]]> : tensor<1x12xf32>
  %5 = graph.mul %4, %c : (tensor<4x12xf32>, tensor<1x12xf32>) -> tensor<4x12xf32>
  %w3 = graph.weight "w3" : tensor<12x10xf32>
  %6 = graph.contract %5, %w3 {equation = "bc,co->bo"} : (tensor<4x12xf32>, tensor<12x10xf32>) -> tensor<4x10xf32>
  return %6 : tensor<4x10xf32>
})";

DeviceModel unequalDevices(int count) {
  DeviceModel model;
  for (int i = 0; i < count; ++i) {
    Device device;
    device.name = "d" + std::to_string(i);
    device.peakFlops[DType::kF32] = 1e8 * (1 + i % 3);
    device.memoryBandwidth = 1e9 * (1 + i % 3);
    device.launchSeconds = 1e-9;
    model.devices.push_back(device);
  }
  model.sameHost = {1e-9, 1e12};
  return model;
}

class Model {
 public:
  explicit Model(const std::string& text) {
    context_.loadDialect<graph::GraphDialect, dist::DistDialect, mlir::func::FuncDialect>();
    module_ = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    module_->walk([&](graph::WeightOp op) {
      graph::Weight weight;
      weight.kind = graph::Weight::Kind::kBytes;
      weight.shape = mlir::cast<mlir::RankedTensorType>(op.getType()).getShape().vec();
      weight.bytes = random(weight.shape);
      weights_.set(op.getName().str(), weight);
    });
  }

  HostTensor random(const std::vector<int64_t>& shape) {
    HostTensor tensor = HostTensor::uninitialized(DType::kF32, shape);
    std::uniform_real_distribution<float> values(-0.5f, 0.5f);
    for (int64_t i = 0; i < tensor.numElements(); ++i) tensor.data<float>()[i] = values(generator_);
    return tensor;
  }

  // Plans for the mesh, and compares; the number of collectives in all programs.
  int compare(const std::vector<HostTensor>& inputs, int dp, int pp, int tp, int microbatches = 0) {
    return compareOn(unequalDevices(dp * pp * tp), inputs, dp, pp, tp, microbatches);
  }

  int compareOnEqualDevices(const std::vector<HostTensor>& inputs, int tp) {
    DeviceModel devices = unequalDevices(tp);
    for (Device& device : devices.devices) {
      device.peakFlops = devices.devices[0].peakFlops;
      device.memoryBandwidth = devices.devices[0].memoryBandwidth;
    }
    return compareOn(devices, inputs, 1, 1, tp, 0);
  }

  const RankPrograms& lastPrograms() const { return lastPrograms_; }

 private:
  int compareOn(const DeviceModel& devices, const std::vector<HostTensor>& inputs, int dp, int pp,
                int tp, int microbatches) {
    SCOPED_TRACE("dp=" + std::to_string(dp) + " pp=" + std::to_string(pp) +
                 " tp=" + std::to_string(tp));
    ModelGraph graph = buildBlockGraph(*module_);
    SearchOptions options;
    options.dp = dp, options.pp = pp, options.tp = tp, options.microbatches = microbatches,
    options.keepDeviceOrder = true;
    StatusOr<Plan> plan = search(graph.graph, devices, options);
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    if (!plan.ok()) return -1;
    // What is applied is what was written down.
    plan = parsePlan(printPlan(*plan));
    StatusOr<RankPrograms> programs = applyPlan(*module_, graph, *plan);
    EXPECT_TRUE(programs.ok()) << programs.status().message();
    if (!programs.ok()) return -1;
    StatusOr<std::vector<HostTensor>> made = simulateRanks(*programs, *plan, inputs, &weights_);
    EXPECT_TRUE(made.ok()) << made.status().message();
    graph::EvaluationContext context;
    context.weights = &weights_;
    auto expected =
        graph::evaluateFunction(module_->lookupSymbol<mlir::func::FuncOp>("main"), inputs, context);
    if (!made.ok() || mlir::failed(expected)) return -1;
    expectClose(*made, {expected->begin(), expected->end()});
    int collectives = 0;
    for (const RankProgram& program : programs->programs) {
      program.module.get()->walk([&](mlir::Operation* op) {
        collectives += mlir::isa<dist::DistDialect>(op->getDialect());
      });
    }
    lastPrograms_ = std::move(*programs);
    return collectives;
  }

  static void expectClose(const std::vector<HostTensor>& made,
                          const std::vector<HostTensor>& expected) {
    ASSERT_EQ(made.size(), expected.size());
    for (size_t i = 0; i < made.size(); ++i) {
      ASSERT_EQ(made[i].shape(), expected[i].shape());
      for (int64_t j = 0; j < made[i].numElements(); ++j) {
        const double want = loadNumber(expected[i], j);
        ASSERT_NEAR(loadNumber(made[i], j), want, 1e-4 * (1 + std::abs(want))) << "element " << j;
      }
    }
  }

  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  graph::WeightTable weights_;
  std::mt19937 generator_{7};
  RankPrograms lastPrograms_;
};

std::vector<HostTensor> transformerInputs(Model& model, int64_t batch, int64_t seq) {
  HostTensor ids = HostTensor::uninitialized(DType::kI64, {batch, seq});
  for (int64_t i = 0; i < ids.numElements(); ++i) ids.data<int64_t>()[i] = (i * 7) % 11;
  return {ids, model.random({batch, seq})};
}

TEST(ApplyPlan, TensorParallelTransformer) {
  Model model(transformerText());
  const auto inputs = transformerInputs(model, 2, 5);
  EXPECT_EQ(model.compare(inputs, 1, 1, 1), 0);
  for (int tp : {2, 3, 5}) EXPECT_GT(model.compare(inputs, 1, 1, tp), 0);
  // More ranks than heads: some have none.
  EXPECT_GT(model.compare(inputs, 1, 1, 9), 0);
}

TEST(ApplyPlan, PipelinedTransformer) {
  Model model(transformerText());
  const auto inputs = transformerInputs(model, 2, 5);
  for (int pp : {2, 3, 4}) EXPECT_EQ(model.compare(inputs, 1, pp, 1), 0);
}

TEST(ApplyPlan, MixedMeshes) {
  Model model(transformerText());
  const auto inputs = transformerInputs(model, 5, 3);
  EXPECT_GT(model.compare(inputs, 1, 2, 3), 0);
  EXPECT_EQ(model.compare(inputs, 2, 1, 1), 0);
  EXPECT_GT(model.compare(inputs, 2, 1, 2), 0);
  EXPECT_GT(model.compare(inputs, 2, 2, 2, 2), 0);
  EXPECT_GT(model.compare(inputs, 3, 2, 2), 0);
}

// A maximum over a dim that is cut is a maximum of partial ones, also where a rank has none of it.
TEST(ApplyPlan, PartialMaxima) {
  Model model(R"(
func.func @main(%x: tensor<64x3xf32>) -> tensor<3xf32> {
  %0 = graph.neg %x : (tensor<64x3xf32>) -> tensor<64x3xf32>
  %1 = graph.reduce %0 {kind = 2 : i32, axes = array<i64: 0>} : (tensor<64x3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
})");
  const std::vector<HostTensor> inputs = {model.random({64, 3})};
  for (int tp : {2, 3}) EXPECT_GT(model.compare(inputs, 1, 1, tp), 0);
  Model narrow(R"(
func.func @main(%x: tensor<2x1xf32>) -> tensor<1xf32> {
  %0 = graph.neg %x : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %1 = graph.reduce %0 {kind = 2 : i32, axes = array<i64: 0>} : (tensor<2x1xf32>) -> tensor<1xf32>
  return %1 : tensor<1xf32>
})");
  EXPECT_GT(narrow.compare({narrow.random({2, 1})}, 1, 1, 3), 0);
}

// One op may want a tensor in two layouts: its rows here, all of them there.
TEST(ApplyPlan, OneTensorAsBothOperands) {
  Model model(R"(
func.func @main(%x: tensor<64x3xf32>) -> tensor<64x64xf32> {
  %0 = graph.neg %x : (tensor<64x3xf32>) -> tensor<64x3xf32>
  %1 = graph.contract %0, %0 {equation = "sd,td->st"} : (tensor<64x3xf32>, tensor<64x3xf32>) -> tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
})");
  for (int tp : {2, 3}) EXPECT_GT(model.compare({model.random({64, 3})}, 1, 1, tp), 0);
}

TEST(ApplyPlan, EqualRanksShareAProgram) {
  Model model(transformerText());
  const auto inputs = transformerInputs(model, 4, 3);
  model.compare(inputs, 2, 1, 1);
  EXPECT_EQ(model.lastPrograms().programs.size(), 1u);
  EXPECT_EQ(model.lastPrograms().programOfRank, (std::vector<int>{0, 0}));
}

// Ranks whose shares are equal have equal programs: what differs is where their pieces begin, of
// weights, of constants and of activations that are whole.
TEST(ApplyPlan, EqualSharesAreOneProgram) {
  Model model(R"(
func.func @main(%x: tensor<5x64xf32>) -> tensor<5x64xf32> {
  %w = graph.weight "w" : tensor<64x64xf32>
  %c = graph.constant dense<[[0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]]> : tensor<1x8xf32>
  %v = graph.weight "v" : tensor<64x8xf32>
  %u = graph.weight "u" : tensor<8x64xf32>
  %0 = graph.contract %x, %v {equation = "sk,kn->sn"} : (tensor<5x64xf32>, tensor<64x8xf32>) -> tensor<5x8xf32>
  %1 = graph.mul %0, %c : (tensor<5x8xf32>, tensor<1x8xf32>) -> tensor<5x8xf32>
  %2 = graph.contract %1, %u {equation = "sk,kn->sn"} : (tensor<5x8xf32>, tensor<8x64xf32>) -> tensor<5x64xf32>
  %3 = graph.add %2, %x : (tensor<5x64xf32>, tensor<5x64xf32>) -> tensor<5x64xf32>
  %4 = graph.contract %3, %w {equation = "sk,kn->sn"} : (tensor<5x64xf32>, tensor<64x64xf32>) -> tensor<5x64xf32>
  return %4 : tensor<5x64xf32>
})");
  const std::vector<HostTensor> inputs = {model.random({5, 64})};
  for (int tp : {2, 4}) {
    EXPECT_GT(model.compareOnEqualDevices(inputs, tp), 0);
    EXPECT_EQ(model.lastPrograms().programs.size(), 1u) << tp;
    EXPECT_EQ(model.lastPrograms().programOfRank, std::vector<int>(tp, 0));
    bool cutsAWeight = false, cutsATensor = false;
    model.lastPrograms().programs[0].module.get()->walk([&](mlir::Operation* op) {
      if (auto weight = mlir::dyn_cast<graph::WeightOp>(op)) {
        cutsAWeight |= dist::cutOf(weight) != nullptr;
      }
      cutsATensor |= mlir::isa<graph::SliceOp>(op);
    });
    EXPECT_TRUE(cutsAWeight && cutsATensor);
  }
}

TEST(ApplyPlan, ConvNetOverChannelsAndStaticBatch) {
  Model model(kConvNet);
  const std::vector<HostTensor> inputs = {model.random({4, 3, 8, 8})};
  for (int tp : {2, 3, 5}) EXPECT_GT(model.compare(inputs, 1, 1, tp), 0);
  EXPECT_EQ(model.compare(inputs, 2, 1, 1), 0);
  EXPECT_EQ(model.compare(inputs, 3, 1, 1), 0);
  EXPECT_GT(model.compare(inputs, 2, 2, 2), 0);
  EXPECT_EQ(model.compare(inputs, 1, 2, 1, 2), 0);
}

TEST(ApplyPlan, RefusesAPlanOfAnotherModel) {
  Model model(kConvNet);
  mlir::MLIRContext context;
  context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
  auto conv = mlir::parseSourceString<mlir::ModuleOp>(kConvNet, &context);
  auto transformer = mlir::parseSourceString<mlir::ModuleOp>(transformerText(), &context);
  ModelGraph convGraph = buildBlockGraph(*conv), transformerGraph = buildBlockGraph(*transformer);
  StatusOr<Plan> plan = search(convGraph.graph, unequalDevices(2), {});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(applyPlan(*transformer, transformerGraph, *plan).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace mlc::partition
