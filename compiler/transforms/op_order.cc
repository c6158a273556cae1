#include "compiler/transforms/op_order.h"

#include <map>
#include <string>

#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace mlc::transforms {
namespace {

// The values that an op reads, those of its regions included, if they are defined in its own block.
SmallVector<Value> valuesRead(Operation* op) {
  SmallVector<Value> values(op->getOperands());
  for (Region& region : op->getRegions()) {
    region.walk([&](Operation* inner) {
      for (Value operand : inner->getOperands()) {
        if (operand.getParentBlock() == op->getBlock()) values.push_back(operand);
      }
    });
  }
  return values;
}

// The ops of a block that define the symbols that others of it use. Empty for most blocks.
class SymbolDefiners {
 public:
  explicit SymbolDefiners(Block& block) {
    for (const auto& [symbol, definition] : graph::symbolDefinitions(block.getParentOp())) {
      if (definition.op->getBlock() == &block) definers_[symbol] = definition.op;
    }
  }

  void addOf(Operation* op, llvm::SmallSetVector<Operation*, 4>& producers) const {
    if (definers_.empty()) return;
    for (const std::string& symbol : graph::symbolsUsedBy(op)) {
      auto it = definers_.find(symbol);
      if (it != definers_.end() && it->second != op) producers.insert(it->second);
    }
  }

 private:
  std::map<std::string, Operation*> definers_;
};

// The ops that an op's operands, the values its regions use and the symbols it has come from; in
// operand order, without leaves.
OpOrder producersOf(Operation* op, const SymbolDefiners& definers) {
  llvm::SmallSetVector<Operation*, 4> producers;
  for (Value value : valuesRead(op)) {
    Operation* producer = value.getDefiningOp();
    if (producer && !isLeaf(producer)) producers.insert(producer);
    // A size stands beside its users, behind what defines its symbols.
    if (producer && isa<graph::SizeOp>(producer)) definers.addOf(producer, producers);
  }
  definers.addOf(op, producers);
  return OpOrder(producers.begin(), producers.end());
}

// A matrix of weights, not a vector of a few numbers (rotary frequencies).
bool isWeightMatrix(Value value) {
  auto weight = value.getDefiningOp<graph::WeightOp>();
  if (!weight) return false;
  return llvm::count_if(weight.getType().getShape(), [](int64_t size) { return size > 1; }) >= 2;
}

bool usesWeightMatrix(Operation* op) {
  return (op->hasTrait<graph::SumOfProducts>() || isa<graph::GatherOp>(op)) &&
         llvm::any_of(op->getOperands(), isWeightMatrix);
}

// Postorder without recursion: models are deep.
void visit(Operation* root, const SymbolDefiners& definers, llvm::DenseSet<Operation*>& visited,
           OpOrder& order) {
  SmallVector<std::pair<Operation*, bool>> stack = {{root, false}};
  while (!stack.empty()) {
    auto [op, isDone] = stack.pop_back_val();
    if (isDone) {
      order.push_back(op);
      continue;
    }
    if (!visited.insert(op).second) continue;
    stack.push_back({op, true});
    const OpOrder producers = producersOf(op, definers);
    for (Operation* producer : llvm::reverse(producers)) stack.push_back({producer, false});
  }
}

}  // namespace

bool isLeaf(Operation* op) { return op->hasTrait<graph::Leaf>(); }

OpOrder exportedOrder(Block& block) {
  const SymbolDefiners definers(block);
  llvm::DenseSet<Operation*> trunk;
  OpOrder order, trunkOrder;
  for (Operation& op : block.without_terminator()) {
    if (isLeaf(&op)) continue;
    bool isTrunk = usesWeightMatrix(&op) ||
                   llvm::any_of(producersOf(&op, definers),
                                [&](Operation* producer) { return trunk.contains(producer); });
    if (isTrunk) trunk.insert(&op);
    (isTrunk ? trunkOrder : order).push_back(&op);
  }
  llvm::append_range(order, trunkOrder);
  return order;
}

OpOrder depthFirstOrder(Block& block) {
  const SymbolDefiners definers(block);
  llvm::DenseSet<Operation*> visited;
  OpOrder order;
  // What does not depend on weights first, as above.
  OpOrder exported = exportedOrder(block);
  for (Operation* op : exported) {
    if (usesWeightMatrix(op)) break;
    visit(op, definers, visited, order);
  }
  for (Operation* producer : producersOf(block.getTerminator(), definers))
    visit(producer, definers, visited, order);
  for (Operation* op : exported) visit(op, definers, visited, order);
  return order;
}

void reorder(Block& block, ArrayRef<Operation*> order) {
  Operation* terminator = block.getTerminator();
  llvm::DenseSet<Operation*> placed;
  auto placeLeaves = [&](Operation* user) {
    for (Value value : valuesRead(user)) {
      Operation* leaf = value.getDefiningOp();
      if (leaf && isLeaf(leaf) && placed.insert(leaf).second) leaf->moveBefore(user);
    }
  };
  for (Operation* op : order) {
    op->moveBefore(terminator);
    placeLeaves(op);
  }
  placeLeaves(terminator);
  for (Operation& op : llvm::make_early_inc_range(block)) {
    if (isLeaf(&op) && op.use_empty()) op.erase();
  }
}

}  // namespace mlc::transforms
