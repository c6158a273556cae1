// Blocks are found in whatever order the exporter wrote the ops.
#include "compiler/transforms/outline_repeated_blocks.h"

#include <random>

#include "compiler/dialect/graph/graph_dialect.h"
#include "gtest/gtest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

namespace mlc::transforms {
namespace {

using mlir::func::FuncOp;

// `layers` layers of gated projections with a residual sum and a shared mask.
std::string model(int layers) {
  std::string text =
      R"(func.func @main(%x0: tensor<4x8xf32>, %m: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %mask = graph.neg %m : (tensor<4x8xf32>) -> tensor<4x8xf32>)";
  auto contract = [](const std::string& result, const std::string& x, const std::string& w) {
    return "\n" + result + " = graph.contract " + x + ", " + w +
           " {equation = \"nk,km->nm\"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>";
  };
  auto binary = [](const std::string& result, const std::string& op, const std::string& a,
                   const std::string& b) {
    return "\n" + result + " = graph." + op + " " + a + ", " + b +
           " : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>";
  };
  for (int i = 0; i < layers; ++i) {
    std::string n = std::to_string(i), x = "%x" + n;
    for (std::string w : {"a", "b", "c"}) {
      text += "\n%w" + w + n + " = graph.weight \"" + w + n + "\" : tensor<8x8xf32>";
    }
    text += contract("%a" + n, x, "%wa" + n) + contract("%b" + n, x, "%wb" + n);
    text += "\n%s" + n + " = graph.silu %a" + n + " : (tensor<4x8xf32>) -> tensor<4x8xf32>";
    text += binary("%g" + n, "mul", "%s" + n, "%b" + n) + contract("%c" + n, "%g" + n, "%wc" + n);
    text += binary("%d" + n, "mul", "%c" + n, "%mask");
    text += binary("%x" + std::to_string(i + 1), "add", x, "%d" + n);
  }
  return text + "\nreturn %x" + std::to_string(layers) + " : tensor<4x8xf32> }";
}

// Puts the ops in a random topological order.
void shuffle(mlir::Block& block, std::mt19937& random) {
  llvm::SmallVector<mlir::Operation*> waiting;
  for (mlir::Operation& op : block.without_terminator()) waiting.push_back(&op);
  llvm::DenseSet<mlir::Operation*> placed;
  while (!waiting.empty()) {
    size_t i = random() % waiting.size();
    mlir::Operation* op = waiting[i];
    bool isReady = llvm::all_of(op->getOperands(), [&](mlir::Value operand) {
      return !operand.getDefiningOp() || placed.contains(operand.getDefiningOp());
    });
    if (!isReady) continue;
    op->moveBefore(block.getTerminator());
    placed.insert(op);
    waiting.erase(waiting.begin() + i);
  }
}

TEST(OutlineRepeatedBlocksTest, FindsLayersInAnyOrder) {
  constexpr int kLayers = 5;
  for (int seed = 0; seed < 20; ++seed) {
    mlir::MLIRContext context;
    context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
    auto module = mlir::parseSourceString<mlir::ModuleOp>(model(kLayers), &context);
    ASSERT_TRUE(module);
    std::mt19937 random(seed);
    shuffle(module->lookupSymbol<FuncOp>("main").front(), random);
    mlir::PassManager passes(&context);
    passes.addPass(createOutlineRepeatedBlocksPass());
    ASSERT_TRUE(mlir::succeeded(passes.run(*module)));

    auto block = module->lookupSymbol<FuncOp>("block");
    ASSERT_TRUE(block) << "seed " << seed;
    EXPECT_EQ(llvm::range_size(module->lookupSymbol<FuncOp>("main").getOps<mlir::func::CallOp>()),
              static_cast<size_t>(kLayers))
        << "seed " << seed;
    // The activation, the mask and three weights; one result.
    EXPECT_EQ(block.getNumArguments(), 5u) << "seed " << seed;
    EXPECT_EQ(block.getNumResults(), 1u) << "seed " << seed;
  }
}

TEST(OutlineRepeatedBlocksTest, TwoLayersOfThreeContractionsSaveTooLittle) {
  mlir::MLIRContext context;
  context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(model(2), &context);
  ASSERT_TRUE(module);
  mlir::PassManager passes(&context);
  passes.addPass(createOutlineRepeatedBlocksPass());
  ASSERT_TRUE(mlir::succeeded(passes.run(*module)));
  EXPECT_FALSE(module->lookupSymbol<FuncOp>("block"));
}

}  // namespace
}  // namespace mlc::transforms
