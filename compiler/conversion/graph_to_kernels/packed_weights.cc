#include "compiler/conversion/graph_to_kernels/packed_weights.h"

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {
namespace {

using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;

// Block arguments that are weights at every call, and the values that calls pass for them.
using Arguments = llvm::DenseMap<Value, llvm::SmallVector<Value>>;

bool isWeight(Value value) { return mlir::isa_and_nonnull<graph::WeightOp>(value.getDefiningOp()); }

Arguments weightArguments(mlir::ModuleOp module) {
  Arguments passed;
  module.walk([&](CallOp call) {
    auto callee = module.lookupSymbol<FuncOp>(call.getCallee());
    for (auto [argument, operand] : llvm::zip(callee.getArguments(), call.getOperands())) {
      passed[argument].push_back(operand);
    }
  });
  Arguments result;
  for (auto& [argument, operands] : passed) {
    if (llvm::all_of(operands, isWeight)) result[argument] = operands;
  }
  return result;
}

// The layout of operand `number` of a dequantize that only feeds the right side of a contraction.
attr::PanelsAttr storedLayout(graph::DequantizeOp op, unsigned number, const KernelPolicy& policy) {
  if (!op->hasOneUse()) return {};
  mlir::OpOperand& use = *op->use_begin();
  auto contract = mlir::dyn_cast<graph::ContractOp>(use.getOwner());
  if (!contract || use.getOperandNumber() != 1) return {};
  const attr::PanelsAttr layout = policy.packedLayout(contract);
  if (!layout || number == 0) return layout;
  return attr::PanelsAttr::get(op.getContext(), layout.getColumns(), /*group=*/1,
                               layout.getTransposed());
}

// The one layout that all uses of a weight want, if they are right sides of contractions.
attr::PanelsAttr wantedLayout(Value weight, const KernelPolicy& policy) {
  attr::PanelsAttr wanted;
  for (mlir::OpOperand& use : weight.getUses()) {
    attr::PanelsAttr layout;
    if (auto dequantize = mlir::dyn_cast<graph::DequantizeOp>(use.getOwner())) {
      layout = storedLayout(dequantize, use.getOperandNumber(), policy);
    } else if (auto contract = mlir::dyn_cast<graph::ContractOp>(use.getOwner());
               contract && use.getOperandNumber() == 1) {
      layout = policy.packedLayout(contract);
    }
    if (!layout || (wanted && wanted != layout)) return {};
    wanted = layout;
  }
  return wanted;
}

}  // namespace

void moveWeightsToTheRight(mlir::ModuleOp module) {
  Arguments arguments = weightArguments(module);
  auto weight = [&](Value value) {
    if (auto dequantize = value.getDefiningOp<graph::DequantizeOp>())
      value = dequantize.getBlockSize() > 0 ? dequantize.getInput() : value;
    return isWeight(value) || arguments.contains(value);
  };
  module.walk([&](graph::ContractOp op) {
    if (!weight(op.getLhs()) || weight(op.getRhs())) return;
    auto [operands, result] = op.getEquation().split("->");
    auto [lhs, rhs] = operands.split(",");
    op.setEquation((rhs + "," + lhs + "->" + result).str());
    Value left = op.getLhs();
    op.getLhsMutable().assign(op.getRhs());
    op.getRhsMutable().assign(left);
  });
}

PackedWeights::PackedWeights(mlir::ModuleOp module, const KernelPolicy& policy) {
  if (!policy.packedLayout) return;
  arguments_ = weightArguments(module);
  // A weight that is passed to a block is packed for that argument only, so it must have no other
  // use.
  llvm::DenseMap<Value, int> timesPassed;
  for (auto& [argument, operands] : arguments_) {
    for (Value operand : operands) ++timesPassed[operand];
  }
  for (auto& [argument, operands] : arguments_) {
    auto layout = wantedLayout(argument, policy);
    if (!layout || !llvm::all_of(operands, [&](Value operand) {
          return timesPassed[operand] == 1 && operand.hasOneUse();
        })) {
      continue;
    }
    layouts_[argument] = layout;
    for (Value operand : operands) layouts_[operand] = layout;
  }
  module.walk([&](graph::WeightOp op) {
    if (layouts_.contains(op.getResult())) return;
    if (auto layout = wantedLayout(op.getResult(), policy)) layouts_[op.getResult()] = layout;
  });
  bool changed = true;
  while (changed) {
    changed = false;
    module.walk([&](graph::DequantizeOp op) { changed |= dropUnlessWhole(op); });
  }
}

// The parts of a storage arrive packed together or not at all.
bool PackedWeights::dropUnlessWhole(graph::DequantizeOp op) {
  // One zero point for all blocks is a constant.
  const bool whole = llvm::all_of(op->getOperands(), [&](Value operand) {
    return layouts_.contains(operand) ||
           (operand == op.getZeroPoint() && operand.getDefiningOp<graph::ConstantOp>());
  });
  bool dropped = false;
  for (Value operand : op->getOperands()) dropped |= !whole && drop(operand);
  return dropped;
}

bool PackedWeights::drop(Value value) {
  if (!layouts_.erase(value)) return false;
  auto it = arguments_.find(value);
  if (it == arguments_.end()) return true;
  for (Value operand : it->second) drop(operand);
  return true;
}

void PackedWeights::markBlockArguments() const {
  for (auto& [value, layout] : layouts_) {
    if (auto argument = mlir::dyn_cast<mlir::BlockArgument>(value)) {
      attr::setPanels(mlir::cast<FuncOp>(argument.getOwner()->getParentOp()),
                      argument.getArgNumber(), layout);
    } else {
      attr::setPanels(value.getDefiningOp(), layout);
    }
  }
}

}  // namespace mlc::conversion
