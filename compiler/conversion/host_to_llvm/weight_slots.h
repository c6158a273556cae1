// The weight slots of a program: MlcInvocation::weights, in order.
#pragma once

#include <vector>

#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/ArrayRef.h"
#include "runtime/package/manifest.h"

namespace mlc::conversion {

class WeightSlots {
 public:
  // The weight's slot; the same one for an equal weight, slice and layout.
  int slotOf(graph::WeightOp op);

  // The first of consecutive slots for these weights, in this order; the same ones for equal
  // groups.
  int groupOf(llvm::ArrayRef<graph::WeightOp> ops);

  const std::vector<package::WeightSlot>& all() const { return slots_; }

 private:
  std::vector<package::WeightSlot> slots_;
};

}  // namespace mlc::conversion
