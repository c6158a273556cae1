#include "compiler/conversion/graph_to_kernels/packed_weights.h"

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {
namespace {

using mlir::Value;
using mlir::func::FuncOp;

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

// The one layout that all uses of a weight want, if they are right sides of contractions; else why
// there is none, empty where no contraction uses it.
struct WantedLayout {
  attr::PanelsAttr layout;
  std::string reason;
};

WantedLayout wantedLayout(Value weight, const KernelPolicy& policy) {
  WantedLayout wanted;
  bool isFactor = false;
  for (mlir::OpOperand& use : weight.getUses()) {
    attr::PanelsAttr layout;
    if (auto dequantize = mlir::dyn_cast<graph::DequantizeOp>(use.getOwner())) {
      layout = storedLayout(dequantize, use.getOperandNumber(), policy);
      isFactor |= layout != nullptr;
      if (!layout) wanted.reason = "it is dequantized for other ops as well";
    } else if (auto contract = mlir::dyn_cast<graph::ContractOp>(use.getOwner()); !contract) {
      wanted.reason = "'" + use.getOwner()->getName().getStringRef().str() + "' uses it as well";
    } else if (isFactor = true; use.getOperandNumber() != 1) {
      wanted.reason = "it is on the left side of a contraction";
    } else {
      layout = policy.packedLayout(contract);
      if (!layout) wanted.reason = "it is no matrix to '" + contract.getEquation().str() + "'";
    }
    if (layout && wanted.layout && wanted.layout != layout)
      wanted.reason = "its uses want different layouts";
    if (layout) wanted.layout = layout;
  }
  if (!isFactor) return {};
  if (!wanted.reason.empty()) wanted.layout = {};
  return wanted;
}

}  // namespace

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
    const WantedLayout wanted = wantedLayout(argument, policy);
    const bool isPassedOnly = llvm::all_of(
        operands, [&](Value operand) { return timesPassed[operand] == 1 && operand.hasOneUse(); });
    if (!wanted.layout || !isPassedOnly) {
      note(argument, wanted.layout ? "it has uses outside of one block" : wanted.reason);
      continue;
    }
    layouts_[argument] = wanted.layout;
    for (Value operand : operands) layouts_[operand] = wanted.layout;
  }
  module.walk([&](graph::WeightOp op) {
    if (layouts_.contains(op.getResult())) return;
    const WantedLayout wanted = wantedLayout(op.getResult(), policy);
    if (wanted.layout) {
      layouts_[op.getResult()] = wanted.layout;
    } else {
      note(op.getResult(), wanted.reason);
    }
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
  note(value, "the parts of its storage are not all packed");
  auto it = arguments_.find(value);
  if (it == arguments_.end()) return true;
  for (Value operand : it->second) drop(operand);
  return true;
}

void PackedWeights::note(Value weight, llvm::StringRef reason) {
  if (!reason.empty()) unpacked_[weight] = reason.str();
}

void PackedWeights::annotate() const {
  for (const auto& [value, reason] : unpacked_) attr::setUnpackedReason(value, reason);
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
