#include "compiler/transforms/op_order.h"

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

// A matrix of weights, not a vector of a few numbers (rotary frequencies).
bool isWeightMatrix(Value value) {
  auto weight = value.getDefiningOp<graph::WeightOp>();
  if (!weight) return false;
  return llvm::count_if(weight.getType().getShape(), [](int64_t size) { return size > 1; }) >= 2;
}

bool usesWeightMatrix(Operation* op) {
  return isa<graph::ContractOp, graph::ConvOp, graph::GatherOp>(op) &&
         llvm::any_of(op->getOperands(), isWeightMatrix);
}

// Postorder without recursion: models are deep.
void visit(Operation* root, llvm::DenseSet<Operation*>& visited, OpOrder& order) {
  SmallVector<std::pair<Operation*, bool>> stack = {{root, false}};
  while (!stack.empty()) {
    auto [op, isDone] = stack.pop_back_val();
    if (isDone) {
      order.push_back(op);
      continue;
    }
    if (!visited.insert(op).second) continue;
    stack.push_back({op, true});
    for (Operation* producer : llvm::reverse(producersOf(op))) stack.push_back({producer, false});
  }
}

}  // namespace

bool isLeaf(Operation* op) { return isa<graph::ConstantOp, graph::WeightOp, graph::SizeOp>(op); }

OpOrder producersOf(Operation* op) {
  llvm::SmallSetVector<Operation*, 4> producers;
  for (Value value : valuesRead(op)) {
    Operation* producer = value.getDefiningOp();
    if (producer && !isLeaf(producer)) producers.insert(producer);
  }
  return OpOrder(producers.begin(), producers.end());
}

OpOrder exportedOrder(Block& block) {
  llvm::DenseSet<Operation*> trunk;
  OpOrder order, trunkOrder;
  for (Operation& op : block.without_terminator()) {
    if (isLeaf(&op)) continue;
    bool isTrunk = usesWeightMatrix(&op) ||
                   llvm::any_of(producersOf(&op),
                                [&](Operation* producer) { return trunk.contains(producer); });
    if (isTrunk) trunk.insert(&op);
    (isTrunk ? trunkOrder : order).push_back(&op);
  }
  llvm::append_range(order, trunkOrder);
  return order;
}

OpOrder depthFirstOrder(Block& block) {
  llvm::DenseSet<Operation*> visited;
  OpOrder order;
  // What does not depend on weights first, as above.
  OpOrder exported = exportedOrder(block);
  for (Operation* op : exported) {
    if (usesWeightMatrix(op)) break;
    visit(op, visited, order);
  }
  for (Operation* producer : producersOf(block.getTerminator())) visit(producer, visited, order);
  for (Operation* op : exported) visit(op, visited, order);
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
