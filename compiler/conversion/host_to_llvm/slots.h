// The slots of a program: its weights (MlcInvocation::weights) and states (MlcInvocation::states),
// in order.
#pragma once

#include <algorithm>
#include <vector>

#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/ArrayRef.h"
#include "runtime/package/program_interface.h"

namespace mlc::conversion {

// A slot, and what its op tells of the tensor behind it.
struct WeightUse : package::WeightSlot {
  package::WeightContent content;
};
struct StateUse : package::ProgramState {
  std::string next;  // the length after a run
};

// The slots that ops ask for, and whether two are one: weights with an equal slice and layout,
// states of one name.
WeightUse slotFor(graph::WeightOp op);  // without `source`
StateUse slotFor(graph::StateOp op);    // without `index`
bool isSameSlot(const package::WeightSlot& a, const package::WeightSlot& b);
bool isSameSlot(const package::ProgramState& a, const package::ProgramState& b);

template <typename Op, typename Slot>
class Slots {
 public:
  // The op's slot; the same one for ops that want the same.
  int slotOf(Op op) { return groupOf(op); }

  // The first of consecutive slots for these ops, in this order; the same ones for equal groups.
  int groupOf(llvm::ArrayRef<Op> ops) {
    std::vector<Slot> group;
    for (Op op : ops) group.push_back(slotFor(op));
    auto first = std::search(slots_.begin(), slots_.end(), group.begin(), group.end(),
                             [](const Slot& a, const Slot& b) { return isSameSlot(a, b); });
    if (first == slots_.end()) first = slots_.insert(slots_.end(), group.begin(), group.end());
    return static_cast<int>(first - slots_.begin());
  }

  const std::vector<Slot>& all() const { return slots_; }

 private:
  std::vector<Slot> slots_;
};

using WeightSlots = Slots<graph::WeightOp, WeightUse>;
using StateSlots = Slots<graph::StateOp, StateUse>;

}  // namespace mlc::conversion
