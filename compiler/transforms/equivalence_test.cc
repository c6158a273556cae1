// Every module of the passes' FileCheck tests gives the same results before and after the passes.
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/passes.h"
#include "gtest/gtest.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace mlc::transforms {
namespace {

using graph::WeightTable;
using mlir::func::FuncOp;
using AddPasses = std::function<void(mlir::PassManager&, WeightTable*)>;

HostTensor randomTensor(DType dtype, const std::vector<int64_t>& shape, std::mt19937& random) {
  HostTensor tensor = HostTensor::zeros(dtype, shape);
  std::uniform_real_distribution<float> real(-1, 1);
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    if (dtype == DType::kF32) tensor.data<float>()[i] = real(random);
    if (dtype == DType::kI8 || dtype == DType::kU8)
      tensor.data<uint8_t>()[i] = static_cast<uint8_t>(random());
    if (dtype == DType::kBool) tensor.data<uint8_t>()[i] = random() % 2;
    if (dtype == DType::kI32) tensor.data<int32_t>()[i] = static_cast<int32_t>(random() % 7) - 3;
    if (dtype == DType::kI64) tensor.data<int64_t>()[i] = static_cast<int64_t>(random() % 7) - 3;
  }
  return tensor;
}

// A tensor for the type, every symbol its own small number.
HostTensor randomInput(mlir::Type type, SymbolValues& symbols, std::mt19937& random) {
  std::vector<int64_t> shape;
  for (const DimExpr& dim : graph::shapeOf(type)) {
    std::set<std::string> names;
    dim.collectSymbols(names);
    for (const std::string& name : names)
      symbols.try_emplace(name, static_cast<int64_t>(symbols.size()) + 3);
    shape.push_back(*dim.evaluate(symbols));
  }
  return randomTensor(graph::dtypeOf(type), shape, random);
}

void expectEqual(const HostTensor& actual, const HostTensor& expected) {
  ASSERT_EQ(actual.shape(), expected.shape());
  ASSERT_EQ(actual.dtype(), expected.dtype());
  if (expected.dtype() != DType::kF32) {
    EXPECT_EQ(std::memcmp(actual.raw(), expected.raw(), expected.bytes()), 0);
    return;
  }
  for (int64_t i = 0; i < expected.numElements(); ++i) {
    float a = actual.data<float>()[i], e = expected.data<float>()[i];
    if (std::isnan(e) && std::isnan(a)) continue;
    ASSERT_NEAR(a, e, 2e-5 * (1 + std::abs(e))) << "element " << i;
  }
}

std::vector<std::string> modulesOf(const std::string& file) {
  std::ifstream stream("compiler/transforms/" + file);
  std::stringstream text;
  text << stream.rdbuf();
  std::vector<std::string> modules;
  llvm::SmallVector<llvm::StringRef> parts;
  std::string whole = text.str();
  llvm::StringRef(whole).split(parts, "// -----");
  for (llvm::StringRef part : parts) modules.push_back(part.str());
  return modules;
}

void checkModule(const std::string& text, const AddPasses& addPasses) {
  mlir::MLIRContext context;
  context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(module) << text;
  std::mt19937 random(1);
  WeightTable weights;
  module->walk([&](graph::WeightOp op) {
    graph::Weight weight;
    weight.kind = graph::Weight::Kind::kBytes;
    weight.dtype = graph::dtypeOf(op.getType());
    weight.shape.assign(op.getType().getShape().begin(), op.getType().getShape().end());
    weight.bytes = randomTensor(weight.dtype, weight.shape, random);
    weights.set(op.getName().str(), weight);
  });
  std::string name = mlir::cast<FuncOp>(module->getBody()->front()).getName().str();
  SCOPED_TRACE(name);
  graph::EvaluationContext evaluation;
  evaluation.weights = &weights;
  SymbolValues symbols;
  llvm::SmallVector<HostTensor> inputs;
  for (mlir::Type type : module->lookupSymbol<FuncOp>(name).getArgumentTypes()) {
    inputs.push_back(randomInput(type, symbols, random));
  }
  auto before = graph::evaluateFunction(module->lookupSymbol<FuncOp>(name), inputs, evaluation);
  ASSERT_TRUE(mlir::succeeded(before));

  mlir::PassManager passes(&context);
  addPasses(passes, &weights);
  ASSERT_TRUE(mlir::succeeded(passes.run(*module)));
  auto after = graph::evaluateFunction(module->lookupSymbol<FuncOp>(name), inputs, evaluation);
  ASSERT_TRUE(mlir::succeeded(after));
  ASSERT_EQ(before->size(), after->size());
  for (size_t i = 0; i < before->size(); ++i) expectEqual((*after)[i], (*before)[i]);
}

class EquivalenceTest : public testing::TestWithParam<std::string> {};

TEST_P(EquivalenceTest, EachPassAlone) {
  std::vector<std::string> modules = modulesOf(GetParam());
  ASSERT_GE(modules.size(), 3u);
  for (const std::string& module : modules) {
    checkModule(module, [](mlir::PassManager& passes, WeightTable*) {
      passes.addPass(createSimplifyPass());
    });
    checkModule(module, [](mlir::PassManager& passes, WeightTable* weights) {
      passes.addPass(createIntegerContractionsPass(weights));
    });
    checkModule(module, [](mlir::PassManager& passes, WeightTable*) {
      passes.addPass(createDecomposeQuantizationPass());
    });
    checkModule(module, [](mlir::PassManager& passes, WeightTable*) {
      passes.addPass(createRecognizeCompositesPass());
    });
    checkModule(module, [](mlir::PassManager& passes, WeightTable* weights) {
      passes.addPass(createSplitFusedProjectionsPass(weights));
    });
    checkModule(module, [](mlir::PassManager& passes, WeightTable*) {
      passes.addPass(createOutlineRepeatedBlocksPass());
    });
  }
}

TEST_P(EquivalenceTest, AllPassesTogether) {
  for (const std::string& module : modulesOf(GetParam())) {
    checkModule(module, [](mlir::PassManager& passes, WeightTable* weights) {
      passes.addPass(createSimplifyPass());
      passes.addPass(mlir::createCSEPass());
      passes.addPass(createIntegerContractionsPass(weights));
      passes.addPass(createDecomposeQuantizationPass());
      passes.addPass(createRecognizeCompositesPass());
      passes.addPass(createSplitFusedProjectionsPass(weights));
      passes.addPass(createSimplifyPass());
      passes.addPass(mlir::createCSEPass());
      passes.addPass(createOutlineRepeatedBlocksPass());
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Files, EquivalenceTest,
                         testing::Values("simplify.mlir", "integer_contractions.mlir",
                                         "decompose_quantization.mlir", "recognize_composites.mlir",
                                         "split_fused_projections.mlir",
                                         "outline_repeated_blocks.mlir"),
                         [](const auto& info) {
                           return info.param.substr(0, info.param.find('.'));
                         });

}  // namespace
}  // namespace mlc::transforms
