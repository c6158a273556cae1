#include "compiler/transforms/outline_repeated_blocks.h"

#include <map>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/transforms/op_order.h"
#include "compiler/transforms/repeated_run.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace mlc::transforms {
namespace {

// Gives equal numbers to ops that are equal but for the values they read. Ops with regions equal no
// other.
class Labels {
 public:
  int of(Operation* op) {
    if (op->getNumRegions() != 0) return nextLabel_++;
    std::string key;
    auto add = [&](const void* pointer) {
      key.append(reinterpret_cast<const char*>(&pointer), sizeof(pointer));
    };
    add(op->getName().getAsOpaquePointer());
    add(op->getDiscardableAttrDictionary().getAsOpaquePointer());
    add(op->getPropertiesAsAttribute().getAsOpaquePointer());
    add(reinterpret_cast<const void*>(uintptr_t{op->getNumOperands()}));
    for (Type type : op->getOperandTypes()) add(type.getAsOpaquePointer());
    for (Type type : op->getResultTypes()) add(type.getAsOpaquePointer());
    auto [it, isNew] = labels_.try_emplace(key, nextLabel_);
    if (isNew) ++nextLabel_;
    return it->second;
  }

 private:
  llvm::StringMap<int> labels_;
  int nextLabel_ = 0;
};

// An operand of an op of a block: the op's index in the block, the operand's number.
using Slot = std::pair<size_t, unsigned>;
// A result of an op of a block, likewise.
using Output = std::pair<size_t, unsigned>;

// How one block's ops are wired: for each operand, the output of the same block that it is, if it
// is one.
using Wiring = SmallVector<std::optional<Output>>;

using OpList = ArrayRef<Operation*>;

Wiring wiringOf(OpList block) {
  llvm::DenseMap<Operation*, size_t> indices;
  for (auto [i, op] : llvm::enumerate(block)) indices[op] = i;
  Wiring wiring;
  for (Operation* op : block) {
    for (Value operand : op->getOperands()) {
      auto it = indices.find(operand.getDefiningOp());
      if (it == indices.end()) {
        wiring.push_back(std::nullopt);
      } else {
        wiring.push_back(Output(it->second, cast<OpResult>(operand).getResultNumber()));
      }
    }
  }
  return wiring;
}

// Equal, equally wired blocks and what their function takes and gives.
struct Repetition {
  SmallVector<OpList> blocks;
  // The slots that are one value in every block; activations first.
  SmallVector<SmallVector<Slot>> parameters;
  SmallVector<Output> outputs;  // what is used outside a block, in any of them

  // Activations that cross the blocks' edges: fewest where one layer ends and the next begins.
  size_t crossings = 0;
};

bool isEqualConstant(Value a, Value b) {
  auto x = a.getDefiningOp<graph::ConstantOp>(), y = b.getDefiningOp<graph::ConstantOp>();
  return x && y && x.getValue() == y.getValue();
}

bool isEqualSize(Value a, Value b) {
  auto x = a.getDefiningOp<graph::SizeOp>(), y = b.getDefiningOp<graph::SizeOp>();
  return x && y && x.getExpr() == y.getExpr();
}

Value valueAt(OpList block, Slot slot) { return block[slot.first]->getOperand(slot.second); }

// The slots that are read from outside the blocks, but for constants that are the same in all,
// grouped by value.
void findParameters(Repetition& repetition, const Wiring& wiring) {
  llvm::MapVector<std::string, SmallVector<Slot>, std::map<std::string, unsigned>> activations,
      leaves;
  OpList first = repetition.blocks.front();
  size_t position = 0;
  for (auto [i, op] : llvm::enumerate(first)) {
    for (unsigned operand = 0; operand < op->getNumOperands(); ++operand) {
      if (wiring[position++]) continue;
      Slot slot(i, operand);
      bool isSameConstant = llvm::all_of(repetition.blocks, [&](OpList block) {
        Value a = valueAt(first, slot), b = valueAt(block, slot);
        return isEqualConstant(a, b) || isEqualSize(a, b);
      });
      if (isSameConstant) continue;
      std::string key;
      bool isAlwaysLeaf = true;
      for (OpList block : repetition.blocks) {
        Value value = valueAt(block, slot);
        const void* pointer = value.getAsOpaquePointer();
        key.append(reinterpret_cast<const char*>(&pointer), sizeof(pointer));
        isAlwaysLeaf &= value.getDefiningOp() && isLeaf(value.getDefiningOp());
      }
      (isAlwaysLeaf ? leaves : activations)[key].push_back(slot);
    }
  }
  for (auto& [key, slots] : activations) repetition.parameters.push_back(slots);
  for (auto& [key, slots] : leaves) repetition.parameters.push_back(slots);
  repetition.crossings += activations.size();
}

void findOutputs(Repetition& repetition) {
  OpList first = repetition.blocks.front();
  for (size_t i = 0; i < first.size(); ++i) {
    for (unsigned result = 0; result < first[i]->getNumResults(); ++result) {
      bool isUsedOutside = llvm::any_of(repetition.blocks, [&](OpList block) {
        return llvm::any_of(block[i]->getResult(result).getUsers(), [&](Operation* user) {
          Operation* ancestor = block[i]->getBlock()->findAncestorOpInBlock(*user);
          return !llvm::is_contained(block, ancestor);
        });
      });
      if (isUsedOutside) repetition.outputs.emplace_back(i, result);
    }
  }
  repetition.crossings += repetition.outputs.size();
}

// The longest sequence of blocks from `start` on that are wired alike; empty if that is a single
// one.
std::optional<Repetition> repetitionAt(OpList ops, size_t start, const RepeatedRun& run) {
  Repetition repetition;
  Wiring wiring;
  SmallVector<OpList> current;
  Wiring currentWiring;
  for (size_t i = 0; i < run.count && start + (i + 1) * run.period <= ops.size(); ++i) {
    OpList block = ops.slice(start + i * run.period, run.period);
    Wiring next = wiringOf(block);
    if (!current.empty() && next != currentWiring) current.clear();
    currentWiring = next;
    current.push_back(block);
    if (current.size() > repetition.blocks.size()) {
      repetition.blocks = current;
      wiring = currentWiring;
    }
  }
  if (repetition.blocks.size() < 2) return std::nullopt;
  findParameters(repetition, wiring);
  findOutputs(repetition);
  return repetition;
}

func::FuncOp createFunction(const Repetition& repetition, func::FuncOp after,
                            SymbolTable& symbols) {
  OpList first = repetition.blocks.front();
  SmallVector<Type> inputs, results;
  for (ArrayRef<Slot> slots : repetition.parameters)
    inputs.push_back(valueAt(first, slots.front()).getType());
  for (auto [op, result] : repetition.outputs)
    results.push_back(first[op]->getResult(result).getType());
  OpBuilder builder(after.getContext());
  auto function = func::FuncOp::create(builder, first.front()->getLoc(), "block",
                                       builder.getFunctionType(inputs, results));
  function.setPrivate();
  symbols.insert(function, std::next(after->getIterator()));

  Block* body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  for (auto [slots, argument] : llvm::zip(repetition.parameters, body->getArguments())) {
    mapping.map(valueAt(first, slots.front()), argument);
  }
  for (Operation* op : first) {
    for (Value operand : op->getOperands()) {
      if (!mapping.contains(operand)) builder.clone(*operand.getDefiningOp(), mapping);
    }
    builder.clone(*op, mapping);
  }
  SmallVector<Value> returned;
  for (auto [op, result] : repetition.outputs)
    returned.push_back(mapping.lookup(first[op]->getResult(result)));
  func::ReturnOp::create(builder, first.back()->getLoc(), returned);
  return function;
}

// Replaces a block by a call.
void callInstead(const Repetition& repetition, OpList block, func::FuncOp function) {
  OpBuilder builder(block.back()->getContext());
  builder.setInsertionPointAfter(block.back());
  SmallVector<Value> operands;
  for (ArrayRef<Slot> slots : repetition.parameters)
    operands.push_back(valueAt(block, slots.front()));
  auto call = func::CallOp::create(builder, block.front()->getLoc(), function, operands);
  for (auto [output, value] : llvm::zip(repetition.outputs, call.getResults())) {
    block[output.first]->getResult(output.second).replaceAllUsesWith(value);
  }
  for (Operation* op : llvm::reverse(block)) op->erase();
}

bool isHeavy(Operation* op) { return op->hasTrait<graph::SumOfProducts>(); }

// At least two heavy ops a block, and at least four that need not be compiled again.
bool isWorthOutlining(OpList block, size_t count) {
  constexpr size_t kFewestPerBlock = 2, kFewestSaved = 4;
  size_t heavy = llvm::count_if(block, isHeavy);
  return heavy >= kFewestPerBlock && heavy * (count - 1) >= kFewestSaved;
}

std::optional<Repetition> bestRepetition(OpList ops) {
  Labels labels;
  SmallVector<int> sequence;
  for (Operation* op : ops) sequence.push_back(labels.of(op));
  std::optional<RepeatedRun> run =
      longestRepeatedRun(sequence, [&](size_t start, size_t period, size_t count) {
        return isWorthOutlining(ops.slice(start, period), count);
      });
  if (!run) return std::nullopt;
  // Of equally good cuts the last: an embedding's norm looks like the end of a layer, not the other
  // way round.
  std::optional<Repetition> best;
  for (size_t shift = 0; shift <= run->slack; ++shift) {
    std::optional<Repetition> candidate = repetitionAt(ops, run->start + shift, *run);
    if (!candidate || !isWorthOutlining(candidate->blocks.front(), candidate->blocks.size()))
      continue;
    bool isBetter = !best || candidate->blocks.size() > best->blocks.size() ||
                    (candidate->blocks.size() == best->blocks.size() &&
                     candidate->crossings <= best->crossings);
    if (isBetter) best = candidate;
  }
  return best;
}

size_t coverage(const std::optional<Repetition>& repetition) {
  return repetition ? repetition->blocks.size() * repetition->blocks.front().size() : 0;
}

class OutlineRepeatedBlocks : public PassWrapper<OutlineRepeatedBlocks, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OutlineRepeatedBlocks)
  StringRef getArgument() const override { return "outline-repeated-blocks"; }
  StringRef getDescription() const override {
    return "Makes one function of blocks that repeat in @main";
  }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<graph::GraphDialect, func::FuncDialect>();
  }

  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal()) return;
    SymbolTable symbols(getOperation());
    Block& body = main.front();
    while (true) {
      OpOrder exported = exportedOrder(body), depthFirst = depthFirstOrder(body);
      std::optional<Repetition> inExported = bestRepetition(exported),
                                inDepthFirst = bestRepetition(depthFirst);
      bool useDepthFirst = coverage(inDepthFirst) > coverage(inExported);
      std::optional<Repetition>& repetition = useDepthFirst ? inDepthFirst : inExported;
      reorder(body, useDepthFirst ? depthFirst : exported);
      if (!repetition) return;
      func::FuncOp function = createFunction(*repetition, main, symbols);
      for (OpList block : repetition->blocks) callInstead(*repetition, block, function);
    }
  }
};

}  // namespace

std::unique_ptr<Pass> createOutlineRepeatedBlocksPass() {
  return std::make_unique<OutlineRepeatedBlocks>();
}

}  // namespace mlc::transforms
