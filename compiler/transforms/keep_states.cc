#include "compiler/transforms/keep_states.h"

#include <set>

#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace mlc::transforms {
namespace {

using graph::Shape;
using graph::shapeOf;

struct Pair {
  BlockArgument past;
  graph::ConcatOp concat;
  llvm::BitVector results;  // of @main that are the concatenation
};

// Whether rows are bytes that may be written behind those that are there.
bool hasRowsOfBytes(Value value) {
  const DType type = graph::dtypeOf(value.getType());
  return !isPacked(type) && !isReference(type);
}

// `computed`: symbols that the program computes while it runs; how long a state is must be known
// before.
std::optional<Pair> pairOf(BlockArgument past, func::ReturnOp end,
                           const std::set<std::string>& computed) {
  if (!past.hasOneUse() || !hasRowsOfBytes(past)) return std::nullopt;
  auto concat = dyn_cast<graph::ConcatOp>(*past.user_begin());
  if (!concat || concat.getInputs().size() != 2 || concat.getInputs()[0] != past ||
      shapeOf(past)[concat.getAxis()].symbolName().empty() ||
      graph::hasSymbolOf(concat.getType(), computed)) {
    return std::nullopt;
  }
  Pair pair{past, concat, llvm::BitVector(end.getNumOperands())};
  for (auto [i, result] : llvm::enumerate(end.getOperands())) {
    if (result == concat.getResult()) pair.results.set(i);
  }
  Shape before = shapeOf(past), after = shapeOf(concat.getResult());
  before[concat.getAxis()] = after[concat.getAxis()];
  return pair.results.any() && before == after ? std::optional(pair) : std::nullopt;
}

// The symbols that an input binds: dims that are one.
std::set<std::string> boundBy(ArrayRef<BlockArgument> inputs) {
  std::set<std::string> symbols;
  for (BlockArgument input : inputs) {
    for (const DimExpr& dim : shapeOf(input)) {
      if (const std::string symbol = dim.symbolName(); !symbol.empty()) symbols.insert(symbol);
    }
  }
  return symbols;
}

// Whether all dims but the length are known without the input.
bool isBoundElsewhere(Pair pair, const std::set<std::string>& bound) {
  std::set<std::string> needed;
  for (auto [i, dim] : llvm::enumerate(shapeOf(pair.past))) {
    if (i != pair.concat.getAxis()) dim.collectSymbols(needed);
  }
  return std::includes(bound.begin(), bound.end(), needed.begin(), needed.end());
}

SmallVector<Pair> findPairs(func::FuncOp main) {
  auto end = cast<func::ReturnOp>(main.front().getTerminator());
  const std::set<std::string> computed = graph::computedSymbols(main);
  SmallVector<Pair> pairs;
  for (BlockArgument argument : main.getArguments()) {
    if (std::optional<Pair> pair = pairOf(argument, end, computed)) pairs.push_back(*pair);
  }
  // Each that is left alone binds its symbols for the others.
  while (true) {
    SmallVector<BlockArgument> inputs;
    for (BlockArgument argument : main.getArguments()) {
      if (llvm::none_of(pairs, [&](const Pair& pair) { return pair.past == argument; }))
        inputs.push_back(argument);
    }
    const std::set<std::string> bound = boundBy(inputs);
    auto* unbound =
        llvm::find_if(pairs, [&](const Pair& pair) { return !isBoundElsewhere(pair, bound); });
    if (unbound == pairs.end()) return pairs;
    pairs.erase(unbound);
  }
}

void keep(const Pair& pair, func::FuncOp main) {
  graph::ConcatOp concat = pair.concat;
  OpBuilder builder(concat);
  const Location loc = concat.getLoc();
  const int64_t axis = concat.getAxis(), rank = concat.getType().getRank();
  SmallVector<int64_t> outward = {axis}, back;
  for (int64_t i = 0; i < rank; ++i) {
    if (i != axis) outward.push_back(i);
    back.push_back(i < axis ? i + 1 : i == axis ? 0 : i);
  }
  Shape shape;
  for (int64_t dim : outward) shape.push_back(shapeOf(pair.past)[dim]);
  const StringRef name = attr::argumentName(main, pair.past.getArgNumber());
  const DimExpr next = shapeOf(concat.getResult())[axis];
  Value state = graph::StateOp::create(
      builder, loc, graph::tensorType(shape, concat.getType().getElementType()),
      name.empty() ? "state" + std::to_string(pair.past.getArgNumber()) : name.str(),
      graph::dimsAttr(builder.getContext(), next));
  Value update = graph::TransposeOp::create(builder, loc, concat.getInputs()[1], outward);
  Value grown = graph::AppendOp::create(builder, loc, state, update);
  Value present = graph::TransposeOp::create(builder, loc, grown, back);
  concat.getResult().replaceAllUsesWith(present);
  concat.erase();
}

class KeepStates : public PassWrapper<KeepStates, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KeepStates)
  StringRef getArgument() const override { return "keep-states"; }
  StringRef getDescription() const override {
    return "Makes states of inputs that come back as outputs with rows added";
  }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<graph::GraphDialect, func::FuncDialect>();
  }

  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal()) return;
    const SmallVector<Pair> pairs = findPairs(main);
    llvm::BitVector inputs(main.getNumArguments()), outputs(main.getNumResults());
    for (const Pair& pair : pairs) {
      inputs.set(pair.past.getArgNumber());
      outputs |= pair.results;
    }
    // Without an output nothing would be computed.
    if (outputs.all()) return;
    for (const Pair& pair : pairs) keep(pair, main);
    main.front().getTerminator()->eraseOperands(outputs);
    if (failed(main.eraseArguments(inputs)) || failed(main.eraseResults(outputs)))
      signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<Pass> createKeepStatesPass() { return std::make_unique<KeepStates>(); }

}  // namespace mlc::transforms
