#include "compiler/conversion/graph_to_kernels/group_ops.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"

namespace mlc::conversion {
namespace {

using mlir::Operation;
using mlir::Value;

// Of a kernel. More gain nothing: code generation takes longer than linear time in them, and its
// recursion is as deep as they are.
constexpr size_t kMostOps = 64;

bool isElementwise(Operation* op) { return op->hasTrait<graph::Elementwise>(); }

bool isSumOfProducts(Operation* root) { return root && root->hasTrait<graph::SumOfProducts>(); }

bool areTransposes(llvm::ArrayRef<Operation*> ops) {
  return llvm::all_of(ops, [](Operation* op) { return mlir::isa<graph::TransposeOp>(op); });
}

bool isAttention(Operation* op) { return mlir::isa_and_nonnull<graph::AttentionOp>(op); }

bool usedOnlyIn(Value value, llvm::ArrayRef<Operation*> group) {
  return llvm::all_of(value.getUsers(),
                      [&](Operation* user) { return llvm::is_contained(group, user); });
}

// Whether all uses of a value that are not in the group come behind an op.
bool usedBehind(Value value, llvm::ArrayRef<Operation*> group, Operation* op) {
  return llvm::all_of(value.getUsers(), [&](Operation* user) {
    Operation* inBlock = op->getBlock()->findAncestorOpInBlock(*user);
    return llvm::is_contained(group, user) || (inBlock && op->isBeforeInBlock(inBlock));
  });
}

// Whether an op reads or makes elements that share bytes: only loops over bytes store them, and
// only loops over elements read them.
bool touchesPacked(Operation* op) {
  auto isPackedValue = [](Value value) { return isPacked(graph::dtypeOf(value.getType())); };
  return llvm::any_of(op->getOperands(), isPackedValue) ||
         llvm::any_of(op->getResults(), isPackedValue);
}

// Whether the kernel of two groups may stand where `op` does, for values of it that others read.
bool readBehind(llvm::ArrayRef<Value> values, const KernelGroup& from, const KernelGroup& to,
                Operation* op) {
  if (values.empty()) return true;
  llvm::SmallVector<Operation*> both(from.ops);
  both.append(to.ops);
  return llvm::all_of(values, [&](Value value) { return usedBehind(value, both, op); });
}

bool sameShape(Value a, Value b) { return graph::shapeOf(a) == graph::shapeOf(b); }

class Grouping {
 public:
  Grouping(mlir::Block& block, llvm::function_ref<bool(graph::DequantizeOp)> isStorage)
      : block_(block), isStorage_(isStorage) {}

  std::vector<KernelGroup> run() {
    for (Operation& op : block_) {
      if (computes(&op)) add(&op);
    }
    for (Operation& op : block_) {
      auto it = groupOf_.find(&op);
      if (it != groupOf_.end() && groups_[it->second].ops.back() == &op) addShared(it->second);
    }
    std::vector<KernelGroup> result;
    for (Operation& op : block_) {
      auto it = groupOf_.find(&op);
      if (it != groupOf_.end() && groups_[it->second].ops.back() == &op) {
        result.push_back(std::move(groups_[it->second]));
      }
    }
    return result;
  }

 private:
  void add(Operation* op) {
    const size_t id = groups_.size();
    const bool isRoot = !isElementwise(op) && !isMovement(op) && !isStorage(op);
    groups_.push_back({{op}, isRoot ? op : nullptr});
    alsoRead_.emplace_back();
    groupOf_[op] = id;
    // Sums of products first: an epilogue saves more than any other fusion.
    for (bool sumsOfProducts : {true, false}) {
      for (Value operand : op->getOperands()) {
        Operation* producer = operand.getDefiningOp();
        auto it = producer ? groupOf_.find(producer) : groupOf_.end();
        if (it == groupOf_.end() || it->second == groupOf_[op]) continue;
        const size_t from = it->second, to = groupOf_[op];
        if (isSumOfProducts(groups_[from].root) != sumsOfProducts) continue;
        if (!mayJoin(operand, groups_[from], op, groups_[to])) continue;
        if (!readBehind(alsoRead_[from], groups_[from], groups_[to], op)) continue;
        if (!usedOnlyIn(operand, groups_[to].ops)) alsoRead_[to].push_back(operand);
        merge(from, to);
      }
    }
  }

  // Whether the group that makes `operand` may become part of the group of its consumer `op`.
  bool mayJoin(Value operand, const KernelGroup& from, Operation* op, const KernelGroup& to) const {
    if (from.ops.back() != operand.getDefiningOp()) return false;
    if (from.ops.size() + to.ops.size() > kMostOps) return false;
    const bool isRootOperand =
        to.root == op && op->hasTrait<graph::FusesProducers>() && operand == op->getOperand(0);
    const bool onlyHere = usedOnlyIn(operand, to.ops);
    if (!onlyHere && !(isRootOperand && op->hasTrait<graph::StoresProducer>() &&
                       usedBehind(operand, to.ops, op)))
      return false;
    if (isStorage(from.ops.back())) return onlyHere && op == to.root;
    if (from.root && to.root) return false;
    if ((from.root && llvm::any_of(to.ops, touchesPacked)) ||
        (to.root && llvm::any_of(from.ops, touchesPacked))) {
      return false;
    }
    if (isAttention(from.root)) return areTransposes(to.ops);
    if (isAttention(to.root)) {
      auto attention = mlir::cast<graph::AttentionOp>(op);
      return to.root == op && operand != attention.getMask() && operand != attention.getKeep() &&
             areTransposes(from.ops);
    }
    const bool toElementwise = llvm::all_of(to.ops, isElementwise);
    if (isElementwise(op)) {
      if (!sameShape(operand, op->getResult(0))) return false;
      if (isSumOfProducts(from.root)) return toElementwise;
      if (isSumOfProducts(to.root)) return llvm::all_of(from.ops, isElementwise);
      return true;
    }
    // A slice is only an offset to what gathers from it.
    if (mlir::isa<graph::GatherOp>(op) && operand == op->getOperand(0))
      return from.ops.size() == 1 && mlir::isa<graph::SliceOp>(from.ops[0]);
    return isRootOperand && !from.root && llvm::all_of(from.ops, isElementwise);
  }

  // Takes groups whose values this one and others behind it read: they leave the kernel as well.
  void addShared(size_t id) {
    const llvm::SmallVector<Operation*> ops = groups_[id].ops;
    for (Operation* op : ops) {
      for (Value operand : op->getOperands()) {
        Operation* producer = operand.getDefiningOp();
        auto it = producer ? groupOf_.find(producer) : groupOf_.end();
        if (it != groupOf_.end() && it->second != id &&
            mayShare(operand, groups_[it->second], op, groups_[id])) {
          merge(it->second, id);
        }
      }
    }
  }

  bool mayShare(Value operand, const KernelGroup& from, Operation* op,
                const KernelGroup& to) const {
    if (from.root || to.root || from.ops.back() != operand.getDefiningOp()) return false;
    if (from.ops.size() + to.ops.size() > kMostOps) return false;
    if (!isElementwise(op) || !sameShape(operand, to.ops.back()->getResult(0))) return false;
    if (llvm::any_of(from.ops, touchesPacked) || llvm::any_of(to.ops, touchesPacked)) return false;
    llvm::SmallVector<Operation*> both(from.ops);
    both.append(to.ops);
    return llvm::all_of(from.ops, [&](Operation* each) {
      return usedBehind(each->getResult(0), both, to.ops.back());
    });
  }

  bool isStorage(Operation* op) const {
    auto dequantize = mlir::dyn_cast<graph::DequantizeOp>(op);
    return dequantize && isStorage_(dequantize);
  }

  void merge(size_t from, size_t to) {
    KernelGroup& target = groups_[to];
    for (Operation* op : groups_[from].ops) groupOf_[op] = to;
    target.ops.append(groups_[from].ops);
    alsoRead_[to].append(alsoRead_[from]);
    if (!target.root) target.root = groups_[from].root;
    llvm::sort(target.ops, [](Operation* a, Operation* b) { return a->isBeforeInBlock(b); });
    groups_[from] = {};
  }

  mlir::Block& block_;
  llvm::function_ref<bool(graph::DequantizeOp)> isStorage_;
  std::vector<KernelGroup> groups_;
  llvm::DenseMap<Operation*, size_t> groupOf_;
  // By group: what others read of it besides its last op's results.
  std::vector<llvm::SmallVector<Value>> alsoRead_;
};

}  // namespace

bool isMovement(Operation* op) { return op->hasTrait<graph::Movement>(); }

bool computes(Operation* op) {
  return mlir::isa_and_nonnull<graph::GraphDialect>(op->getDialect()) &&
         !op->hasTrait<graph::Leaf>() && !op->hasTrait<graph::View>() &&
         !op->hasTrait<graph::HostOp>();
}

std::vector<KernelGroup> groupOps(mlir::Block& block,
                                  llvm::function_ref<bool(graph::DequantizeOp)> isStorage) {
  return Grouping(block, isStorage).run();
}

}  // namespace mlc::conversion
